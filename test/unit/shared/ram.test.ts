/** The policies of Kiln's roles: no role may do what no code does. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { evaluate } from "../../cloud/index.ts";
import { rolesOf } from "../../../deploy/policies.ts";
import { PLACE, readRoles, roleOf } from "../../support/deployment.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

const roles = readRoles();

const allows = (role: string, action: string, resource: string): boolean =>
  evaluate(roles[roleOf(role)] ?? { Version: "1", Statement: [] }, action, resource, {}) === "allow";

const parts = Object.keys(roles).map((name) => name.slice(roleOf("").length));

const object = (key: string): string => `acs:oss:*:1234567890123456:kiln-1234567890123456/${key}`;
const fn = (name: string): string => `acs:fc:cn-hangzhou:1234567890123456:functions/${name}`;

test("every ECS action a role is allowed is one the client layer calls", ({ expect }) => {
  const folder = join(ROOT, "shared", "cloud");
  const code = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("error-codes"))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  const allowed = Object.values(roles)
    .flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action))
    .filter((action) => action.startsWith("ecs:"))
    .map((action) => action.slice("ecs:".length));
  expect(allowed.length).toBeGreaterThan(20);
  expect(allowed.filter((action) => !new RegExp(`\\b${action}(Request)?\\b`).test(code))).toEqual([]);
});

test("functions write and delete only their own objects in the bucket, and of users' only the API does, their documents", ({
  expect,
}) => {
  const writes = ["oss:PutObject", "oss:DeleteObject"];
  const may = (role: string, key: string) => writes.filter((action) => allows(role, action, object(key)));
  expect(parts.flatMap((role) => may(role, "scripts/set-up.sh"))).toEqual([]);
  for (const key of ["recipes/web.yaml", "fleets/web.yaml"])
    expect(parts.filter((role) => may(role, key).length > 0)).toEqual(["api"]);
  for (const key of [
    "runs/2026-01-05/x.jsonl",
    "locks/bake-web.jsonl",
    "open/x",
    "index/runs/all/x",
    "disks/web/d.vhd",
  ])
    expect(may("api", key)).toEqual([]);
  const deleters = parts.filter((role) => may(role, "disks/web/disk.vhd").length > 0);
  expect([deleters, may("bake-image", "disks/web/disk.vhd")]).toEqual([["bake-image"], ["oss:DeleteObject"]]);
  // A log is never deleted (LOG-3).
  for (const key of ["runs/2026-01-05/x.jsonl", "locks/bake-web.jsonl", "reservations/web.jsonl"])
    expect(new Set(parts.flatMap((role) => may(role, key)))).toEqual(new Set(["oss:PutObject"]));
  expect(may("webhook", "runs/2026-01-05/x.jsonl")).toEqual(["oss:PutObject"]);
  expect(may("webhook", "locks/bake-web.jsonl")).toEqual([]);
});

test("every function that ends runs may add them to the index, and only the janitor deletes from it", ({
  expect,
}) => {
  const may = (action: string) => parts.filter((role) => allows(role, action, object("index/runs/all/x")));
  const folders = readdirSync(join(ROOT, "functions"));
  const hosts = folders.filter((name) =>
    /\bhost\(/.test(readFileSync(join(ROOT, "functions", name, "handler.ts"), "utf8")),
  );
  expect(hosts.length).toBeGreaterThan(3);
  expect(may("oss:PutObject")).toEqual(hosts.toSorted());
  expect(may("oss:DeleteObject")).toEqual(["janitor"]);
});

test("a role that reads objects may list its bucket: else a missing one is forbidden instead of missing", ({
  expect,
}) => {
  const bucket = "acs:oss:*:1234567890123456:kiln-1234567890123456";
  const readers = parts.filter((role) =>
    ["runs/x.json", "recipes/web.yaml"].some((key) => allows(role, "oss:GetObject", object(key))),
  );
  expect(readers.toSorted()).toEqual([
    "api",
    "bake-image",
    "janitor",
    "promote-family",
    "scale-out",
    "stop-idle",
    "webhook",
  ]);
  expect(readers.filter((role) => !allows(role, "oss:ListObjects", bucket))).toEqual([]);
});

test("only the roles that the deployment names are handed out, by the functions that launch, and only to ECS", ({
  expect,
}) => {
  const passes = (role: string, name: string, service: string) =>
    evaluate(
      roles[roleOf(role)] ?? { Version: "1", Statement: [] },
      "ram:PassRole",
      `acs:ram::1234567890123456:role/${name}`,
      { "acs:Service": service },
    ) === "allow";
  const forbidden = ["AdministratorRole", "kiln", "kiln-web-2", "Kiln-web", roleOf("bake-image")];
  for (const part of parts) {
    expect(forbidden.filter((name) => passes(part, name, "ecs.aliyuncs.com"))).toEqual([]);
    expect(passes(part, "kiln-web", "fc.aliyuncs.com")).toBe(false);
  }
  expect(parts.filter((part) => passes(part, "kiln-web", "ecs.aliyuncs.com"))).toEqual([
    "bake-image",
    "promote-family",
    "scale-out",
  ]);
  const none = rolesOf({ ...PLACE, instanceRoles: [] });
  expect(JSON.stringify(none)).not.toContain("PassRole");
});

test("no role invokes the webhook, and the webhook invokes neither the janitor nor the notifier", ({
  expect,
}) => {
  for (const role of parts) {
    expect(allows(role, "fc:InvokeFunction", fn("kiln-webhook"))).toBe(false);
    expect(allows(role, "fc:InvokeFunction", fn("kiln-api"))).toBe(false);
  }
  const senders = ["bake-image", "janitor", "notifier", "promote-family", "scale-out", "stop-idle"];
  const sendersTo = (name: string) => parts.filter((role) => allows(role, "fc:InvokeFunction", fn(name)));
  expect(sendersTo("kiln-notifier")).toEqual(senders);
  // Uploads of documents.
  expect(sendersTo("kiln-janitor")).toEqual([...senders, "oss-events"].toSorted());
});

test("the notifier, which posts to other systems, may only keep what was not delivered, and send events to itself and the janitor", ({
  expect,
}) => {
  const may = (action: string, resource: string) => allows("notifier", action, resource);
  expect(roles[roleOf("notifier")]?.Statement.flatMap(({ Action }) => Action)).toEqual([
    "oss:PutObject",
    "fc:InvokeFunction",
  ]);
  expect(may("oss:PutObject", object("runs/2026-01-05/x/undelivered-failed-ops.json"))).toBe(true);
  for (const key of ["runs/2026-01-05/x.jsonl", "runs/2026-01-05/x/verdicts.json", "locks/x"]) {
    expect(may("oss:PutObject", object(key))).toBe(false);
  }
  const invoked = [
    "bake-image",
    "promote-family",
    "scale-out",
    "stop-idle",
    "webhook",
    "notifier",
    "janitor",
  ];
  expect(invoked.filter((name) => may("fc:InvokeFunction", fn(`kiln-${name}`)))).toEqual([
    "notifier",
    "janitor",
  ]);
});
