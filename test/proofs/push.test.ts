/** `kiln push` against a deployment on the local cloud. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudFault } from "../cloud/index.ts";
import { test as base } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { kiln } from "../support/kiln.ts";
import { recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";

const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "kiln-"));
    for (const name of ["recipes", "fleets"]) mkdirSync(join(folder, name));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

const push = (on: Deployment, folder: string, words: string) => {
  const env = {
    KILN_API: on.cloud.urls.http["kiln-api"],
    KILN_CALLER: on.caller.name,
    KILN_SECRET: on.caller.secret,
  };
  return answered(on, on.cloud.time.hold(kiln(["push", ...words.split(" ")], { cwd: folder, env })));
};
const stored = ({ cloud }: Deployment, key: string) => cloud.oss.find(BUCKET, key)?.body.toString();

test("documents are stored, replaced and baked; a mistake in one file stores none", async ({
  deploy,
  folder,
  expect,
}) => {
  const on = await deploy();
  writeFileSync(join(folder, "recipes/web.yaml"), recipeText());
  writeFileSync(join(folder, "fleets/web.yaml"), fleetText({ limit: { max: 3 } }));
  const refused = await push(on, folder, "recipes/web.yaml fleets");
  expect(refused.exit).toBe(3);
  expect(refused.out).toContain("limit: is not known, and limits is already set");
  expect(on.cloud.oss.list(BUCKET, "")).toEqual([]);

  writeFileSync(join(folder, "fleets/web.yaml"), fleetText());
  const done = await push(on, folder, "recipes fleets --json");
  expect(done).toMatchObject({ exit: 0, err: "" });
  expect(JSON.parse(done.out)).toMatchObject({
    version: 1,
    documents: [
      { file: "recipes/web.yaml", key: "recipes/web.yaml", created: true },
      { file: "fleets/web.yaml", key: "fleets/web.yaml", created: true },
    ],
  });
  await on.cloud.settle({ forMs: 60_000 });
  expect(on.records("bake-web")).toHaveLength(1);
  writeFileSync(join(folder, "fleets/web.yaml"), fleetText({ limits: { max: 7 } }));
  expect((await push(on, folder, "fleets/web.yaml")).out).toContain("replaced as fleets/web.yaml");
  expect(stored(on, "fleets/web.yaml")).toContain('"max":7');
});

test("a document that another user changed, or created before, is not replaced", async ({
  deploy,
  folder,
  expect,
}) => {
  const on = await deploy();
  const text = fleetText({ limits: { max: 4 } });
  await on.upload("fleets/web.yaml", text);
  writeFileSync(join(folder, "fleets/web.yaml"), fleetText());
  const other = await push(on, folder, "fleets/web.yaml --match 0123");
  expect([other.exit, other.err]).toEqual([1, expect.stringContaining("has changed since")]);
  const there = await push(on, folder, "fleets/web.yaml --new");
  expect([there.exit, there.err]).toEqual([1, expect.stringContaining("already")]);
  expect(stored(on, "fleets/web.yaml")).toBe(text);
});

test("without settings, and with a wrong secret, it says what is missing", async ({
  deploy,
  folder,
  expect,
}) => {
  const on = await deploy();
  writeFileSync(join(folder, "fleets/web.yaml"), fleetText());
  const none = await kiln(["push", "fleets/web.yaml"], { cwd: folder, root: folder });
  expect([none.exit, none.err]).toEqual([2, expect.stringContaining("KILN_API is not set")]);
  const env = {
    KILN_API: on.cloud.urls.http["kiln-api"],
    KILN_CALLER: "ci",
    KILN_SECRET: "wrong-secret-0123456",
  };
  const wrong = await answered(
    on,
    on.cloud.time.hold(kiln(["push", "fleets/web.yaml"], { cwd: folder, env })),
  );
  expect(wrong.exit).toBe(4);
});

test("a version of a component is stored once; a repeat is no mistake, and another content is refused", async ({
  deploy,
  folder,
  expect,
}) => {
  const on = await deploy();
  const key = "components/nginx/1.0.0.yaml";
  const file = join(folder, key);
  mkdirSync(join(folder, "components/nginx"), { recursive: true });
  writeFileSync(file, "provision: [yum install -y nginx]\n");
  const refused = await push(on, folder, key);
  expect([refused.exit, refused.out]).toEqual([3, expect.stringContaining("→ write steps:")]);
  writeFileSync(file, "steps: [yum install -y nginx]\n");
  expect(await push(on, folder, "components/nginx")).toMatchObject({ exit: 0, err: "" });
  await on.cloud.settle({ forMs: 60_000 });
  expect(await push(on, folder, key)).toMatchObject({ exit: 0, err: "" });

  writeFileSync(file, "steps: [yum install -y nginx-mod]\n");
  const changed = [await push(on, folder, key)];
  // The first content counts after the object is gone, too.
  on.cloud.oss.delete(BUCKET, key);
  changed.push(await push(on, folder, key));
  for (const { exit, err } of changed)
    expect([exit, err]).toEqual([
      1,
      expect.stringContaining("a version is written once; choose a new version"),
    ]);
  expect(stored(on, key)).toBe(undefined);

  mkdirSync(join(folder, "components/nginx/latest"), { recursive: true });
  writeFileSync(join(folder, "components/nginx/v2.yaml"), "steps: [yum install -y nginx]\n");
  expect((await push(on, folder, "components/nginx/v2.yaml")).out).toContain("with a version like 1.2.0");
});

test("of several files a refusal names its file, and how far the command got", async ({
  deploy,
  folder,
  expect,
}) => {
  const on = await deploy();
  const files = ["a", "b", "c"].map((name) => `fleets/${name}.yaml`);
  for (const file of files) writeFileSync(join(folder, file), fleetText());
  /** A lock that another change holds, and a bucket that refuses the write. */
  const troubles = [
    ["AppendObject", "locks/documents/fleets-b", new CloudFault(409, "PositionNotEqualToLength", "busy")],
    ["PutObject", "fleets/b.yaml", new CloudFault(403, "AccessDenied", "refused")],
  ] as const;
  for (const [action, at, fault] of troubles) {
    const end = on.cloud.faults.add({
      product: "oss",
      action,
      kind: "before",
      fault,
      when: ({ key = "" }) => key.startsWith(at),
    });
    const text = await push(on, folder, files.join(" "));
    expect([action, text.exit]).toEqual([action, 1]);
    expect(text.out).toMatch(/^fleets\/a.yaml  (?:stored|replaced) as fleets\/a.yaml$/);
    expect(text.err).toMatch(
      /^fleets\/b.yaml: .+\n1 of 3 files were stored before it; not tried: fleets\/c.yaml$/m,
    );
    const json = await push(on, folder, `${files.join(" ")} --json`);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      documents: [{ file: "fleets/a.yaml" }],
      file: "fleets/b.yaml",
      error: expect.stringMatching(/./),
      untried: ["fleets/c.yaml"],
    });
    end();
    await on.cloud.settle({ forMs: 60_000 });
    expect(stored(on, "fleets/c.yaml")).toBe(undefined);
  }
  expect(await push(on, folder, files.join(" "))).toMatchObject({ exit: 0, err: "" });
});

test("two files that are one document are refused, and a second ending in the deployment is said", async ({
  deploy,
  folder,
  expect,
}) => {
  const on = await deploy();
  for (const ending of ["yaml", "json"]) writeFileSync(join(folder, `fleets/de.${ending}`), fleetText());
  expect(await push(on, folder, "fleets")).toMatchObject({
    exit: 2,
    err: expect.stringContaining("fleets/de.json and fleets/de.yaml are both the document fleets/de"),
  });
  expect(on.cloud.oss.list(BUCKET, "fleets/")).toEqual([]);
  expect(await push(on, folder, "fleets/de.yaml ./fleets/de.yaml")).toMatchObject({ exit: 0 });
  await on.upload("fleets/de.json", fleetText());
  expect((await push(on, folder, "fleets/de.yaml")).out).toContain(
    "\n  no function reads fleets/de.json as long as fleets/de.yaml is there",
  );
});

test("a text that is stored is reported as stored, though the answer of its write was lost", async ({
  deploy,
  folder,
  expect,
}) => {
  const on = await deploy();
  writeFileSync(join(folder, "fleets/web.yaml"), fleetText({ limits: { max: 1 } }));
  await push(on, folder, "fleets/web.yaml");
  writeFileSync(join(folder, "fleets/web.yaml"), fleetText({ limits: { max: 2 } }));
  const lost = on.cloud.faults.add({
    product: "oss",
    action: "PutObject",
    kind: "after",
    fault: new CloudFault(500, "InternalError", "lost"),
    when: ({ key = "" }) => key.startsWith("fleets/"),
  });
  const done = await push(on, folder, "fleets/web.yaml");
  lost();
  expect(done).toMatchObject({ exit: 0, out: expect.stringContaining("replaced as fleets/web.yaml") });
  expect(stored(on, "fleets/web.yaml")).toContain('"max":2');
});
