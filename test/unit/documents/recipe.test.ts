import { test } from "vitest";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { placedDisks, snapshotSizeProblems } from "../../../shared/documents/recipe-disks.ts";
import { problemsIn } from "./problems-of.ts";

const builder = {
  family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  instanceTypes: "ecs.g7.large",
  vSwitchIds: "vsw-hangzhou-h",
  securityGroupId: "sg-default0001",
};
const place = { instanceTypes: "ecs.g7.large", vSwitchIds: "vsw-a", securityGroupId: "sg-a" };
const from = (changes: object) => ({ source: { builder: { ...builder, ...changes } } });
const recipe = (changes: object) => ({ ...from({}), family: "web", ...changes });
const disks = (...list: object[]) => ({ source: { disks: list } });
const system = { type: "system", snapshotId: "s-1" };
const manyTags = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag-${index}`, "value"]));

type Case = readonly [acquireLock: string, document: unknown, ...problems: string[]];

const sources: readonly Case[] = [
  [
    "two sources",
    { source: { builder, snapshot: { id: "s-1" } } },
    "source: must have exactly one of builder, instance, snapshot, disks, upload, has builder and snapshot; keep one",
  ],
  [
    "no source",
    { source: {} },
    "source: must have exactly one of builder, instance, snapshot, disks, upload, has none; write one",
  ],
  [
    "a recipe without a source",
    { family: "web" },
    "source: is missing; write source: and below it one of builder, instance, snapshot, disks, upload; see examples/recipes/",
  ],
  [
    "an image pipeline",
    { source: { imagePipeline: {}, builder } },
    "source.imagePipeline: is not offered; use builder, whose steps and tests Kiln can follow and repeat",
  ],
  [
    "a builder from an image and a family",
    from({ image: "m-1" }),
    "source.builder: must have exactly one of image and family, has both",
  ],
  [
    "a type that is none, at its place in the list",
    from({ instanceTypes: ["ecs.g7.large", "g7"] }),
    'source.builder.instanceTypes[1]: must be an instance type, like ecs.g7.large (it is "g7")',
  ],
  [
    "a type that is none, written alone",
    from({ instanceTypes: "g7" }),
    'source.builder.instanceTypes: must be an instance type, like ecs.g7.large (it is "g7")',
  ],
  [
    "a vSwitch listed twice",
    from({ vSwitchIds: ["vsw-a", "vsw-a"] }),
    'source.builder.vSwitchIds[1]: is listed twice (it is "vsw-a"); keep one of them',
  ],
  [
    "a builder that lives a week",
    from({ expireAfter: "7d" }),
    'source.builder.expireAfter: must be from 1h to 1d (it is "7d")',
  ],
  [
    "a builder, and kept instances, that live half an hour: the cloud is asked for an hour at least",
    recipe({
      ...from({ expireAfter: "30m" }),
      keepFailed: "30m",
      test: { keepFailed: "30m" },
    }),
    'source.builder.expireAfter: must be from 1h to 1d (it is "30m")',
    'keepFailed: must be from 1h to 7d (it is "30m")',
    'test.keepFailed: must be from 1h to 7d (it is "30m")',
  ],
  [
    "a Windows image of a builder",
    recipe({ image: { platform: "Windows Server 2022" } }),
    'image.platform: must be a Linux for a builder, which runs shell scripts (it is "Windows Server 2022"); make Windows images of source.instance or source.upload',
  ],
  [
    "a parameter that no upload can give",
    {
      source: { upload: {} },
      parameters: { VER: {}, SIZE: { default: "1" }, KEY: { fromEnv: "KEY" } },
      family: "web",
      test: place,
    },
    "parameters.VER: needs default: or fromEnv: here, because the upload of a disk starts the bake and gives no values",
  ],
  [
    "a consumer in a region that gets no image",
    recipe({
      promote: {
        regions: ["cn-beijing"],
        consumers: ["lt-a", { id: "lt-b", region: "cn-beijing" }, { id: "asc-c", region: "cn-shanghai" }],
      },
    }),
    'promote.consumers[2].region: gets no image (it is "cn-shanghai"); add it to promote.regions, or leave region out for the home region',
  ],
  [
    "a value of a component that a parameter of the recipe does not replace",
    recipe({
      parameters: { WORKERS: { default: "2" }, LEVEL: { default: "1" } },
      components: [{ use: "app/1.0.0", parameters: { LEVEL: "3", OTHER: "4" } }],
    }),
    "components[0].parameters.LEVEL: is a parameter of the recipe too, which does not replace it; remove one of the two, or rename that of the recipe",
  ],
  [
    "a system disk below its category's limit",
    from({ systemDisk: { category: "cloud_essd", performanceLevel: "PL2", sizeGb: 100 } }),
    "source.builder.systemDisk.sizeGb: must be a whole number from 461 to 2048 GiB (system disk, cloud_essd PL2) (it is 100)",
  ],
  [
    "a test machine's data disk with a size",
    recipe({ test: { dataDisks: [{ sizeGb: 40 }] } }),
    "test.dataDisks[0].sizeGb: is the image's; remove it",
  ],
  [
    "a level of a test machine's disk that is no ESSD",
    recipe({ test: { dataDisks: [{ category: "cloud_auto", performanceLevel: "PL1" }] } }),
    'test.dataDisks[0].performanceLevel: must be used with category: cloud_essd (it is "PL1")',
  ],
  [
    "a builder's data disk on /dev/xvda",
    from({ dataDisks: [{ sizeGb: 20, device: "/dev/xvda" }] }),
    'source.builder.dataDisks[0].device: must be /dev/xvdb to /dev/xvdz for a data disk (it is "/dev/xvda"); /dev/xvda is the system disk',
  ],
  [
    "a spot price of four decimals",
    from({ spot: { maxPricePerHour: 0.1234 } }),
    "source.builder.spot.maxPricePerHour: must have at most 3 decimals (it is 0.1234)",
  ],
  [
    "user data over 32 KB",
    from({ userData: "x".repeat(32_769) }),
    "source.builder.userData: must be at most 32 KB (32768 bytes), has 32769 bytes; let it fetch the rest",
  ],
  [
    "an instance that is none",
    { source: { instance: { id: "vm-1" } } },
    'source.instance.id: must be the id of an instance, i-… (it is "vm-1"); write the one that begins with i-, as the console of ECS or VPC shows it',
  ],
  [
    "a data disk on /dev/xvda",
    disks(system, { snapshotId: "s-2", type: "data", device: "/dev/xvda" }),
    'source.disks[1].device: must be /dev/xvdb to /dev/xvdz for a data disk (it is "/dev/xvda"); /dev/xvda is the system disk\'s',
  ],
  [
    "two system disks",
    disks(system, { ...system, device: "/dev/xvda" }),
    "source.disks: must have exactly one disk of type system, has 2",
  ],
  ["no system disk", disks({ sizeGb: 5 }), "source.disks: must have exactly one disk of type system, has 0"],
  [
    "a system disk from nothing",
    disks({ type: "system", sizeGb: 40 }),
    "source.disks[0].snapshotId: is missing; a system disk is made from a snapshot",
  ],
  [
    "a disk of 4 GiB",
    disks(system, { sizeGb: 4 }),
    "source.disks[1].sizeGb: must be a whole number from 5 to 32768 GiB (it is 4)",
  ],
  [
    "a device used twice",
    disks(system, { sizeGb: 5, device: "/dev/xvdb" }, { sizeGb: 5, device: "/dev/xvdb" }),
    'source.disks[2].device: is used by an earlier disk (it is "/dev/xvdb"); give each its own',
  ],
  [
    "seventeen data disks",
    disks(system, ...Array.from({ length: 17 }, () => ({ sizeGb: 5 }))),
    "source.disks: must have at most 16 data disks, has 17",
  ],
  [
    "a format the cloud does not take",
    { source: { upload: { format: "VMDK" } } },
    'source.upload.format: must be RAW, VHD or QCOW2 (it is "VMDK")',
  ],
  [
    "an arm64 import that boots by BIOS",
    { source: { upload: { architecture: "arm64", bootMode: "BIOS" } } },
    'source.upload.bootMode: must be UEFI for arm64 (it is "BIOS")',
  ],
  [
    "a Windows import without its licence",
    { source: { upload: { platform: "Windows Server 2022" } } },
    "source.upload.licenseType: is missing; Windows needs Aliyun or BYOL",
  ],
  [
    "an import whose boot mode stands elsewhere",
    { source: { upload: {} }, image: { bootMode: "UEFI" } },
    'image.bootMode: must be written as source.upload.bootMode when an object is imported (it is "UEFI")',
  ],
];

const commands: readonly Case[] = [
  [
    "a step that is a command and a script",
    recipe({ provision: [{ run: "true", script: "scripts/a.sh" }] }),
    "provision[0]: must have exactly one of run, script, file and reboot, has 2; make a step of each",
  ],
  [
    "a script outside scripts/",
    recipe({ provision: [{ script: "../a.sh" }] }),
    'provision[0].script: must be the key of an object under scripts/ (it is "../a.sh"); write scripts/a.sh',
  ],
  [
    "a time-out without a unit",
    recipe({ provision: [{ run: "true", timeout: 600 }] }),
    "provision[0].timeout: must be a duration such as 90s, 10m, 2h or 7d (it is 600); write 600m for minutes or 600s for seconds",
  ],
  [
    "a step that outlives its builder",
    recipe({ provision: [{ run: "true", timeout: "2h" }] }),
    'provision[0].timeout: must be shorter than source.builder.expireAfter, when the builder is released whatever it does (it is "2h")',
  ],
  [
    "a command over 24 KB",
    recipe({ provision: [{ run: "x".repeat(19_000) }] }),
    `provision[0].run: must fit into 24576 bytes as base64 with its environment, has 25792 (it is "${"x".repeat(80)}…"); put it into an object under scripts/`,
  ],
  [
    "a shell that is none, or is asked for more than to read a step",
    recipe({ provision: [{ run: "true", shell: "bash -e" }] }),
    'provision[0].shell: must be the path of a shell with at most one group of the flags aefuvxCET, like /bin/bash -eux or /bin/sh (it is "bash -e")',
  ],
  [
    "a shell for a script",
    recipe({ provision: [{ script: "scripts/a.sh", shell: "/bin/sh" }] }),
    'provision[0].shell: must be left out (it is "/bin/sh"); a script says in its first line, #!…, what reads it',
  ],
  [
    "a shell for a reboot",
    recipe({ provision: [{ reboot: true, shell: "/bin/sh" }] }),
    'provision[0].shell: has no meaning for a step with reboot (it is "/bin/sh"); remove it',
  ],
  [
    "two shells for a test",
    recipe({ test: { commands: [{ run: "#!/bin/dash\ntrue", shell: "/bin/sh" }] } }),
    'test.commands[0].shell: must be left out (it is "/bin/sh"); run says in its first line, #!…, what reads it',
  ],
  [
    "a variable that is no name",
    recipe({ provision: [{ run: "true", environment: { "A-B": "c" } }] }),
    "provision[0].environment.A-B: must be a name of a variable, letters, digits and _",
  ],
  [
    "a variable that every object has",
    recipe({ provision: [{ run: "true", environment: { ["__proto__"]: "c" } }] }),
    "provision[0].environment.__proto__: cannot be the name of a variable; choose another",
  ],
  [
    "provisioning without a builder",
    { source: { snapshot: { id: "s-1" } }, provision: ["true"], keepFailed: "1h" },
    "provision: needs source.builder, this source is snapshot; remove it",
    'keepFailed: needs source.builder, this source is snapshot (it is "1h"); remove it',
  ],
  [
    "a kept builder without an end",
    recipe({ keepFailed: true }),
    "keepFailed: must be a duration such as 90s, 10m, 2h or 7d (it is true)",
  ],
];

const images: readonly Case[] = [
  [
    "a name with http://",
    recipe({ image: { name: "http://x-{serial}" } }),
    'image.name: must not contain http:// or https:// (it is "http://x-{serial}")',
  ],
  [
    "a tag that every object has",
    recipe({ image: { tags: { ["__proto__"]: "c" } } }),
    'image.tags.__proto__: cannot be the key of a tag (it is "c"); choose another',
  ],
  [
    "a name that starts with a digit",
    recipe({ image: { name: "{date}-{serial}" } }),
    'image.name: must start with a letter or a Chinese character and hold only those, digits, : _ and - (it becomes "19700101-01234567") (it is "{date}-{serial}")',
  ],
  [
    "a name that would be the same tomorrow",
    recipe({ image: { name: "{recipe}" } }),
    'image.name: must hold {serial}, or {date} and {time}: image names are unique in a region (it is "{recipe}")',
  ],
  [
    "an unknown placeholder",
    recipe({ image: { name: "{recipe}-{serail}" } }),
    'image.name: must use only {recipe}, {date}, {time} and {serial}, has {serail} (it is "{recipe}-{serail}")',
  ],
  [
    "a family of the cloud's own",
    recipe({ family: "aliyun-web" }),
    'family: must not start with aliyun or acs:, which are the cloud\'s own (it is "aliyun-web")',
  ],
  [
    "a family of another account",
    recipe({ family: "acs:web" }),
    'family: must not start with aliyun or acs:, which are the cloud\'s own (it is "acs:web")',
  ],
  [
    "a family of one letter",
    recipe({ family: "w" }),
    'family: must be 2 to 128 characters, has 1 (it is "w")',
  ],
  [
    "21 tags",
    recipe({ image: { tags: manyTags(21) } }),
    "image.tags: must be at most 8 tags, has 21: the cloud allows 20 and Kiln adds 12; remove 13",
  ],
  [
    "9 tags, which leave no room for Kiln's",
    recipe({ image: { tags: manyTags(9) } }),
    "image.tags: must be at most 8 tags, has 9: the cloud allows 20 and Kiln adds 12; remove 1",
  ],
  [
    "tags the cloud would refuse",
    recipe({ image: { tags: { "acs:a": "b", a: "http://b", b: "aliyun", ["k".repeat(65)]: "" } } }),
    'image.tags.acs:a: needs a key that does not start with aliyun or acs: (it is "b")',
    'image.tags.a: needs a value without http:// or https:// (it is "http://b")',
    'image.tags.b: needs a value that does not start with aliyun or acs: (it is "aliyun")',
    `image.tags.${"k".repeat(65)}: needs a key of at most 64 characters, has 65 (it is "")`,
  ],
  [
    "a tag that YAML reads as a number",
    recipe({ image: { tags: { release: 3 } } }),
    "image.tags.release: must be text (it is 3); put quotes around it",
  ],
  [
    "a platform that is misspelt",
    recipe({ image: { platform: "Centos" } }),
    /* the list is long, the guess is what helps */ "…did you mean CentOS?",
  ],
  [
    "a description that is a link",
    recipe({ image: { description: "http://x" } }),
    'image.description: must be 2 to 256 characters and not start with http:// or https:// (it is "http://x")',
  ],
  [
    "a family inside the image",
    recipe({ image: { family: "web" } }),
    "image.family: does not belong here; write family: at the top of the recipe, the image joins it when it passed its test",
  ],
];

const releases: readonly Case[] = [
  [
    "a test that is skipped and has commands",
    recipe({ test: { skip: true, commands: ["true"] } }),
    "test.skip: must not be true while there are commands (it is true); remove one of the two",
  ],
  [
    "an unknown hygiene check",
    recipe({ test: { hygiene: { waive: "machine_id" } } }),
    'test.hygiene.waive: must be machine-id, ssh-host-keys, authorized-keys, shell-history or cloud-init (it is "machine_id"); did you mean machine-id?',
  ],
  [
    "a gate without a place for its machine",
    { source: { snapshot: { id: "s-1" } }, family: "web" },
    "test.instanceTypes: is missing; write instanceTypes: [ecs.g7.large] below test:, for the test machine of a source without a builder",
    "test.vSwitchIds: is missing; write vSwitchIds: [vsw-…] below test:, for the test machine of a source without a builder",
    "test.securityGroupId: is missing; write securityGroupId: sg-… below test:, for the test machine of a source without a builder",
  ],
  [
    "a promotion without a family",
    { ...from({}), promote: { regions: ["cn-shanghai"] }, retention: { enabled: true } },
    "promote: needs family:, the name the image is promoted to; add it or remove this",
  ],
  [
    "51 accounts",
    recipe({ promote: { accounts: Array.from({ length: 51 }, (_, index) => `1234567890${index}`) } }),
    "promote.accounts: must be at most 50 entries long",
  ],
  [
    "an account whose digits a number would lose",
    "source: {upload: {}}\nfamily: web\ntest: {skip: true}\npromote: {accounts: [20169351435666123]}",
    "promote.accounts[0]: must be text (it is 20169351435666123); put quotes around it",
  ],
  [
    "a secret address",
    recipe({ notify: [{ url: "https://example.com/hook", channel: "ops" }] }),
    "notify[0].url: does not belong into a document, it is a secret; name a channel whose URL is in the environment",
  ],
  ["a misspelt key", recipe({ imgae: {} }), "imgae: is not known; did you mean image?"],
  [
    "a key in another style",
    from({ security_group_id: "sg-1" }),
    "source.builder.security_group_id: is not known, and securityGroupId is already set; keep one of the two",
  ],
  [
    "an unknown key, with the known ones",
    recipe({ rebake: { colour: "red" } }),
    "rebake.colour: is not known; known here are nightly, onlyIfChanged, onChange",
  ],
];

for (const [acquireLock, document, ...problems] of [...sources, ...commands, ...images, ...releases]) {
  test(`${acquireLock}: refused with path, rule and value`, ({ expect }) => {
    const found = problemsIn(parseRecipe, document);
    const [only = ""] = problems;
    if (only.startsWith("…")) expect(found.join("")).toContain(only.slice(1));
    else expect(found).toEqual(problems);
  });
}

test("problems in every part of a recipe are reported at once", ({ expect }) => {
  const found = problemsIn(parseRecipe, {
    source: { builder: { ...builder, image: "m-1", expireAfter: "1m", colour: "red" }, snapshot: {} },
    provision: [{ run: "true", reboot: true }],
    image: { name: "1-{serial}", tags: { a: 1 } },
    family: "acs:x",
  });
  expect(found.map((problem) => problem.split(": ")[0])).toEqual([
    "source.builder.expireAfter",
    "source.builder.colour",
    "source.builder",
    "source.snapshot.id",
    "source",
    "provision[0]",
    "image.tags.a",
    "family",
    "image.name",
  ]);
});

test("a short recipe is completed with safe defaults", ({ expect }) => {
  const {
    source,
    test: gate,
    ...rest
  } = parseRecipe("recipes/web.yaml", JSON.stringify(recipe({ provision: ["true"] })));
  expect(source).toMatchObject({
    kind: "builder",
    expireAfterMs: 7_200_000,
    internetMbps: 0,
    spot: { wanted: false },
  });
  expect(rest).toMatchObject({
    name: "web",
    provision: [
      {
        kind: "run",
        name: "true",
        command: "true",
        shell: "/bin/bash -e",
        timeoutMs: 600_000,
        environment: {},
      },
    ],
    image: { name: "{recipe}-{date}-{serial}" },
    promote: { outranked: "stop", regions: [], accounts: [] },
    retention: { enabled: false, keep: 3, youngerThanMs: 2_592_000_000, deleteAfterMs: 604_800_000 },
    rebake: { nightly: true, onlyIfChanged: true, onChange: true },
    whenBusy: "refuse",
  });
  expect(rest).not.toHaveProperty("keepFailedMs");
  expect(gate).toMatchObject({
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    skip: false,
  });
});

test("only inline steps without a first line of their own get a shell, that of the recipe or bash with -e", ({
  expect,
}) => {
  const shellsOf = (provision: readonly unknown[]) =>
    parseRecipe("web", JSON.stringify(recipe({ provision }))).provision.map((step) =>
      "command" in step ? step.shell : step.kind,
    );
  const good = [
    "/bin/bash",
    "/bin/bash -e",
    "/bin/bash -eux",
    "/usr/bin/bash -eu",
    "/bin/sh",
    "/bin/dash -e",
  ];
  expect(shellsOf(good.map((shell) => ({ run: "true", shell })))).toEqual(good);
  expect(shellsOf([{ run: "#!/usr/bin/python3\nprint(1)" }])).toEqual([undefined]);
  expect(shellsOf([{ script: "scripts/a.sh" }, { reboot: true }, "true"])).toEqual([
    undefined,
    "reboot",
    "/bin/bash -e",
  ]);
  const bad =
    `bash|/bin/bash -c|/bin/bash -s|/bin/bash -ec|/bin/bash -n|/bin/bash -t|/bin/bash -i|/bin/bash -l|/bin/bash -e -u|
/bin/bash -o pipefail|/bin/bash --norc|/bin/bash  -e|/bin/bash -e |/usr/bin/env bash|/usr/bin/python3|/bin/rm|/bin/bash;id|/bin/ba sh
|/bin/bash\n-e|/bin/bash -e\nid||-e|/bin/|/sh/|//bin/sh|/bin/$(id)/sh|/${"b/".repeat(60)}bash`.split("|");
  for (const shell of bad) {
    const found = problemsIn(parseRecipe, recipe({ provision: [{ run: "true", shell }] }));
    expect(found.join(""), JSON.stringify(shell)).toMatch(
      /^provision\[0\]\.shell: must be the path of a shell/,
    );
  }
});

test("a block whose lines are all commented out counts as not written", ({ expect }) => {
  const written = JSON.stringify(recipe({ test: null, image: { tags: null } }));
  expect(parseRecipe("web", written)).toEqual(parseRecipe("web", JSON.stringify(recipe({}))));
});

test("disks get the devices the cloud would give them, in order", ({ expect }) => {
  const list = [
    { sizeGb: 10 },
    { snapshotId: "s-2", device: "/dev/xvdb" },
    { type: "system", snapshotId: "s-1" },
    {},
  ];
  expect(parseRecipe("web", JSON.stringify(disks(...list))).source).toEqual({
    kind: "disks",
    disks: [
      { type: "system", device: "/dev/xvda", snapshotId: "s-1" },
      { type: "data", device: "/dev/xvdb", snapshotId: "s-2" },
      { type: "data", device: "/dev/xvdc", sizeGb: 10 },
      { type: "data", device: "/dev/xvdd", sizeGb: 5 },
    ],
  });
});

test("disks without type and device have those of their snapshots, once these are known", ({ expect }) => {
  const written = disks(
    { snapshotId: "s-2" },
    { snapshotId: "s-1" },
    {},
    { snapshotId: "s-3", device: "/dev/xvdb" },
  );
  const { source } = parseRecipe("web", JSON.stringify(written));
  if (source.kind !== "disks") throw new Error("not disks");
  const of = (...types: [string, "system" | "data"][]) => placedDisks(source.disks, new Map(types));
  expect(of(["s-1", "system"], ["s-2", "data"])).toEqual({
    disks: [
      { type: "system", device: "/dev/xvda", snapshotId: "s-1" },
      { type: "data", device: "/dev/xvdb", snapshotId: "s-3" },
      { type: "data", device: "/dev/xvdc", snapshotId: "s-2" },
      { type: "data", device: "/dev/xvdd", sizeGb: 5 },
    ],
  });
  const count = { path: "source.disks" };
  expect(of(["s-1", "data"], ["s-2", "data"])).toMatchObject({
    problem: { ...count, message: expect.stringMatching(/has 0$/) },
  });
  expect(of(["s-1", "system"], ["s-2", "system"])).toMatchObject({
    problem: { ...count, message: expect.stringMatching(/has 2$/) },
  });
  expect(of(["s-1", "system"])).toMatchObject({
    problem: { ...count, message: expect.stringMatching(/unknown type/) },
  });
});

test("a disk below its snapshot is refused once the snapshot's size is known", ({ expect }) => {
  const { source } = parseRecipe("web", JSON.stringify(disks({ ...system, sizeGb: 30 })));
  if (source.kind !== "disks") throw new Error("not disks");
  const placed = placedDisks(source.disks, new Map());
  if ("problem" in placed) throw new Error(placed.problem.message);
  expect(snapshotSizeProblems(placed.disks, new Map([["s-1", 40]]))).toEqual([
    {
      path: "source.disks (/dev/xvda).sizeGb",
      message: "must be at least 40 GiB, the size of s-1 (it is 30)",
    },
  ]);
  expect(snapshotSizeProblems(placed.disks, new Map([["s-1", 30]]))).toEqual([]);
});

test("a recipe without a builder says where its test runs", ({ expect }) => {
  const written = { source: { instance: { id: "i-1" } }, family: "web", test: place };
  expect(parseRecipe("web", JSON.stringify(written)).test).toMatchObject({ securityGroupId: "sg-a" });
});

test("no night stops an instance of a user unless its recipe says so, and every other source is baked by night", ({
  expect,
}) => {
  const nightly = (source: object, more: object = {}) =>
    parseRecipe("web", JSON.stringify({ source, ...more })).rebake.nightly;
  const instance = { instance: { id: "i-1" } };
  expect([nightly(instance), nightly(instance, { rebake: { nightly: true } })]).toEqual([false, true]);
  expect([nightly({ snapshot: { id: "s-1" } }), nightly({ builder })]).toEqual([true, true]);
});

test("a version, which imports do not know, is refused for an upload", ({ expect }) => {
  const found = problemsIn(parseRecipe, { source: { upload: {} }, image: { version: "1" } });
  expect(found).toEqual([expect.stringMatching(/^image\.version: is not known to imports/)]);
});

test("an imported image may have a period in its name, one that is made may not", ({ expect }) => {
  const image = { name: "app-1.9.2-{serial}" };
  const upload = recipe({ source: { upload: {} }, provision: [], test: { skip: true }, image });
  expect(problemsIn(parseRecipe, upload)).toEqual([]);
  expect(problemsIn(parseRecipe, recipe({ image }))).toEqual([
    expect.stringContaining("image.name: must not hold a period, which CreateImage alone does not take"),
  ]);
});
