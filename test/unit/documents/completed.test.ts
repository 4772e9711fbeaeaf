/** Documents inside events: their schemas take every complete document and refuse every other shape. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import type * as z from "zod/mini";
import { CarriedFleet, CarriedIdlePolicy, CarriedRecipe } from "../../../shared/documents/completed.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { fieldsOf, otherKinds, replaced, valueAt } from "../../support/json-fields.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "..", "examples");

const examples = (folder: string) =>
  readdirSync(join(EXAMPLES, folder))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => [`${folder}/${file}`, readFileSync(join(EXAMPLES, folder, file), "utf8")] as const);

const documents: readonly (readonly [string, z.ZodMiniType, object])[] = [
  ...examples("recipes").map(([name, text]) => [name, CarriedRecipe, parseRecipe(name, text)] as const),
  ...examples("fleets").map(([name, text]) => [name, CarriedFleet, parseFleet(name, text)] as const),
  ...examples("fleets").flatMap(([name, text]) => {
    const { idle } = parseFleet(name, text);
    return idle ? [[`${name} idle`, CarriedIdlePolicy, idle] as const] : [];
  }),
];

const FULL_RECIPE = `
description: every key
source:
  builder:
    family: base
    instanceTypes: [ecs.g7.large]
    vSwitchIds: [vsw-1]
    securityGroupId: sg-1
    systemDisk: { sizeGb: 40, category: cloud_essd, performanceLevel: PL1 }
    dataDisks: [{ sizeGb: 20, category: cloud_essd, device: /dev/xvdb }]
    spot: { maxPricePerHour: 0.5 }
    internetMbps: 5
    ramRole: kiln-builder
    userData: "#!/bin/sh"
    expireAfter: 3h
provision:
  - { name: one, run: "true", timeout: 5m, environment: { A: b }, workingDir: /tmp, user: root, shell: /bin/bash -eu }
  - { script: scripts/two.sh }
  - { reboot: true }
keepFailed: 1h
image: { name: "web-{serial}", version: "1", description: an image, tags: { a: b }, resourceGroupId: rg-1, detection: Standard }
family: web
test:
  commands: [uptime]
  instanceTypes: [ecs.g7.large]
  systemDisk: { sizeGb: 40 }
  hygiene: { waive: [machine-id] }
promote: { outranked: deprecate, regions: [cn-beijing], accounts: ["1234567890123456"], approval: { within: 1h } }
retention: { enabled: true }
whenBusy: queue
notify: [{ channel: ops, events: [failed] }]
inputs: [scripts/two.sh]
`;
const FULL_FLEET = `
family: web
launch:
  InstanceType: [ecs.g7.large]
  VSwitchId: [vsw-1]
  SecurityGroupId: sg-1
  SystemDisk: { Category: cloud_essd, Size: 40 }
  DataDisk: [{ Size: 20 }]
  SpotStrategy: SpotWithPriceLimit
  SpotPriceLimit: 0.5
  UserData: "#!/bin/sh"
  Tag: [{ Key: a, Value: b }]
ladder: [spot, onDemand]
limits: { max: 5, perRequest: 2, perHour: 3, perDay: 9, maxPricePerHour: 4 }
size: { min: 1, desired: 2 }
schedule: [{ days: Mon-Fri, from: "08:00", to: "20:00", min: 2, desired: 3 }]
calendar: { timeZone: Asia/Shanghai, holidays: [2026-10-01..2026-10-07], workdays: [2026-10-10] }
wake: { olderImages: true }
expireAfter: 12h
onJobCompleted: release
idle:
  signals: { cpuAverage: 5, internetIn: 1000 }
  window: 2h
  upDuring: { timeZone: Asia/Shanghai, hours: ["Mon-Fri 08:00-20:00"] }
  cap: { percent: 50, count: 3 }
  notice: 1h
  releaseAfter: 14d
  notify: [ops]
  keepIf: [publicAddress]
  resume: true
`;

const full = [
  ["recipes/full.yaml", CarriedRecipe, parseRecipe("full", FULL_RECIPE)] as const,
  ["fleets/full.yaml", CarriedFleet, parseFleet("full", FULL_FLEET)] as const,
];

for (const [name, schema, document] of [...documents, ...full]) {
  test(`${name} travels in an event unchanged`, ({ expect }) => {
    const carried: unknown = JSON.parse(JSON.stringify(document));
    expect(schema.parse(carried)).toEqual(carried);
  });
}

const FREE = /launch\.(?!InstanceType$|VSwitchId$|Tag$|UserData$)/;

for (const [name, schema, document] of full) {
  test(`${name}: a field of any other JSON type is refused`, ({ expect }) => {
    const carried: unknown = JSON.parse(JSON.stringify(document));
    const taken = fieldsOf(carried)
      .filter((path) => !FREE.test(path.join(".")))
      .flatMap((path) =>
        otherKinds(valueAt(carried, path))
          .filter((other) => schema.safeParse(replaced(carried, path, other)).success)
          .map((other) => `${path.join(".")} = ${JSON.stringify(other)}`),
      );
    expect(taken).toEqual([]);
  });
}
