/** Documents that use every kind of key, and wrong values for each of their places. */
import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { parseComponent } from "../../../shared/documents/component.ts";
import type { Help } from "../../../shared/documents/explanations.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { DocumentError } from "../../../shared/errors.ts";

const steps = [
  { name: "a", run: "echo a", environment: { A: "b" }, shell: "/bin/sh -e", timeout: "10m", user: "root" },
  { script: "scripts/a.sh", workingDir: "/tmp", retries: 2, okExitCodes: [0, 3] },
  { file: "files/a.conf", to: "/etc/a.conf", mode: "0644", owner: "nginx:nginx" },
  { reboot: true },
  "echo a",
];
/** As many keys as a recipe can hold. */
const recipe = {
  description: "web",
  parameters: { RELEASE: { default: "1", pattern: "[0-9]+" } },
  source: {
    builder: {
      family: "acs:a",
      instanceTypes: ["ecs.g7.large", "ecs.c7.large"],
      vSwitchIds: ["vsw-a"],
      securityGroupId: "sg-a",
      systemDisk: { sizeGb: 40, category: "cloud_essd", performanceLevel: "PL1" },
      dataDisks: [{ sizeGb: 40 }],
      spot: { maxPricePerHour: 1 },
      internetMbps: 5,
      ramRole: "builder",
      expireAfter: "4h",
    },
  },
  components: ["nginx/latest", { use: "app/1.0", parameters: { A: "b" } }],
  provision: steps,
  keepFailed: "2h",
  image: { name: "{recipe}-{date}-{time}", tags: { team: "web" }, description: "web" },
  encrypt: { "cn-hangzhou": "key-a" },
  family: "web",
  test: {
    commands: steps,
    instanceTypes: ["ecs.g7.large"],
    timeout: "20m",
    hygiene: { waive: ["shell-history"] },
  },
  promote: {
    regions: [{ region: "cn-beijing", kmsKeyId: "key-b" }],
    accounts: ["1234567890123456"],
    consumers: [{ id: "lt-a", region: "cn-beijing" }],
    approval: { within: "2d" },
  },
  retention: { enabled: true, keep: 5, youngerThan: "30d", deleteAfter: "7d" },
  rebake: { nightly: true, onlyIfChanged: true, onChange: true },
  schedule: { cron: "0 3 * * *", timeZone: "Asia/Shanghai" },
  whenBusy: "queue",
  notify: ["ops", { channel: "dev", events: ["failed"] }],
  pauseAfter: 3,
  inputs: ["files/a.conf"],
};
/** As many keys as a fleet can hold. */
const fleet = {
  description: "web",
  family: "web",
  ladder: ["spot", "onDemand"],
  launch: {
    InstanceType: ["ecs.g7.large"],
    VSwitchId: ["vsw-a"],
    SecurityGroupIds: ["sg-a"],
    InternetMaxBandwidthOut: 5,
    SystemDisk: { Category: "cloud_essd", PerformanceLevel: "PL1", Size: 40 },
    DataDisk: [{ Category: "cloud_auto", Size: 40, Encrypted: true, KMSKeyId: "k" }],
    InstanceName: "web-[1,3]-x",
    UserData: { text: "#!/bin/sh" },
    Tag: [{ Key: "team", Value: "web" }],
    PrivatePoolOptions: { MatchCriteria: "None" },
    SpotStrategy: "SpotWithPriceLimit",
    SpotPriceLimit: 0.5,
  },
  limits: { max: 10, perRequest: 5, perHour: 10, perDay: 20, maxPricePerHour: 3 },
  size: { min: 1, desired: 2 },
  schedule: [{ days: "Mon-Fri", from: "08:00", to: "20:00", min: 2 }],
  calendar: { timeZone: "Asia/Shanghai", holidays: ["2026-10-01..2026-10-07"], workdays: ["2026-10-10"] },
  refresh: {
    onPromotion: "refresh",
    maxUnavailable: 1,
    surge: 1,
    canary: { percent: 10, soak: "10m" },
    probe: { command: "true", timeout: "1m" },
    alarms: ["a"],
  },
  health: { command: "true", timeout: "30s", every: "5m", failures: 3 },
  wake: true,
  expireAfter: "7d",
  idle: {
    signals: { cpuAverage: 5, internetIn: { below: 10 } },
    window: "3h",
    coverage: 0.9,
    grace: "1h",
    keepRunning: 1,
    upDuring: { timeZone: "Asia/Shanghai", hours: ["daily 08:00-20:00"] },
    probe: { command: "true", timeout: "30s" },
    keepIf: ["publicAddress"],
    cap: { percent: 50, count: 3 },
    notice: "30m",
    notify: ["ops"],
    releaseAfter: "7d",
  },
  notify: [{ channel: "ops", events: ["failed"] }],
};
/** Its steps are those of the recipe. */
export const component = { description: "nginx", parameters: { VERSION: { default: "1" } }, steps };

/** Reads a document from its text. */
type Read = (text: string, more?: Help) => unknown;

const example = (key: string): unknown => load(readFileSync(`examples/${key}`, "utf8"));
const ofRecipe: Read = (text, more) => parseRecipe("web", text, more);
const ofFleet: Read = (text, more) => parseFleet("web", text, more);
/** A component by its key. */
export const ofComponent: Read = (text, more) => parseComponent("components/a/1.yaml", text, more);

/** Each with its reader. */
export const DOCUMENTS: Readonly<Record<string, readonly [Read, unknown]>> = {
  recipe: [ofRecipe, recipe],
  "recipe of disks": [ofRecipe, example("recipes/from-disks.yaml")],
  "recipe of an upload": [ofRecipe, example("recipes/from-upload.yaml")],
  fleet: [ofFleet, fleet],
  subscription: [ofFleet, example("fleets/subscription.yaml")],
  component: [ofComponent, component],
};

const SCALARS = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e21,
  "",
  " ",
  "x",
  "true",
  "0",
  "a: b",
  "a\nb",
  "a\0b",
  "：",
  "-",
];
const WRONG: readonly unknown[] = [
  ...SCALARS,
  "x".repeat(5000),
  [],
  [null],
  [1],
  ["x"],
  [[]],
  [{}],
  ["x", "x"],
  {},
  { a: null },
  { a: { b: [] } },
  { length: 1 },
];

type Path = readonly string[];

/** Every place in a document, as the keys that lead there. */
function places(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

/** A copy with another value at a place. */
function withAt(document: unknown, path: Path, value: unknown): unknown {
  const copy: unknown = structuredClone(document);
  const around = path.slice(0, -1).reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), copy);
  if (path.length === 0) return value;
  Reflect.set(Object(around), path.at(-1) ?? "", value);
  return copy;
}

/** What a reader throws that is no list of problems, for each wrong value at each place. */
export const crashesOf = (read: Read, document: unknown, more?: Help): readonly string[] =>
  places(document).flatMap((path) =>
    WRONG.flatMap((wrong) => {
      try {
        read(JSON.stringify(withAt(document, path, wrong)), more);
      } catch (error) {
        if (error instanceof DocumentError) return [];
        return [`${path.join(".")} ${JSON.stringify(wrong).slice(0, 40)}: ${String(error)}`];
      }
      return [];
    }),
  );
