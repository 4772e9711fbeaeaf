/**
 * A suggestion is followed to the letter by authors who know nothing else. So the document that it gives is sound and means
 * what was written, or no suggestion is made and the message says the rule.
 */
import { describe, test } from "vitest";
import { help } from "../../../shared/documents/help.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { followed } from "./followed.ts";
import { FLEET, problemsWith, RECIPE } from "./problems-of.ts";

/** As it is written, as it is meant; a message for what no suggestion can give. */
type Row = readonly [written: string, meant: string | RegExp];

const STEP = "provision:\n  - ";
const BUILDER = "instanceTypes: [ecs.g7.large]";
const BARE = RECIPE.replace("family: web\n", "");

const RECIPES: readonly Row[] = [
  // Commands.
  [`${STEP}run: [docker, info]\n`, `${STEP}run: docker info\n`],
  [
    `${STEP}run:\n    - yum install -y nginx\n    - systemctl enable nginx\n`,
    /write the commands on the lines below run: \|$/,
  ],
  [`${STEP}run: [yum install -y nginx]\n`, /write the commands on the lines below run: \|$/],
  [`${STEP}"grep -E \\d+ /etc/x"\n`, `${STEP}'grep -E \\d+ /etc/x'\n`],
  [`${STEP}"sed -i s/\\./x/ /etc/x"\n`, `${STEP}'sed -i s/\\./x/ /etc/x'\n`],
  [`${STEP}run: "grep -w \\w \\"a b\\" /etc/x"\n`, `${STEP}'grep -w \\w "a b" /etc/x'\n`],
  [`${STEP}"copy C:\\Users D:\\x"\n`, `${STEP}'copy C:\\Users D:\\x'\n`],
  [`${STEP}"printf \\d\\n"\n`, /begins an escape, and \\d is none; double each that is a \\ itself$/],
  ["provision:\n  • yum install -y nginx\n", /begin each line with - and a space$/],
  ["provision:\n  1. yum install -y nginx\n", /begin each line with - and a space$/],
  ["provision:\n  echo a\n  echo b\n", /begin each line with - and a space$/],
  ["provision: |\n  echo a\n  echo b\n", /begin each line with - and a space$/],
  [
    "provision:\n  - echo a\ntest:\n  commands: |\n    echo a\n    echo b\n",
    /begin each line with - and a space$/,
  ],
  ["provision: echo a\n", "provision: [echo a]\n"],
  [`${STEP}echo "你好：世界"　# 注释\n`, `${STEP}echo "你好：世界" # 注释\n`],
  [`${STEP}echo a　&& echo 'b　c'\n`, `${STEP}echo a && echo 'b　c'\n`],
  [`${STEP}{ script: http://x/y.sh }\n`, /is an address .*; put the file there, and write its key$/],
  [`${STEP}script: |\n      #!/bin/bash\n      echo a\n`, /is a text .*; write it below run: \|$/],
  [
    `${STEP}{ file: "https://x/y", to: /etc/y }\n`,
    /is an address .*; put the file there, and write its key$/,
  ],
  [`${STEP}{ run: a, okExitCodes: 0 }\n`, `${STEP}{ run: a, okExitCodes: [0] }\n`],
  [`${STEP}{ run: a, okExitCodes: "0,3" }\n`, `${STEP}{ run: a, okExitCodes: [0, 3] }\n`],
  [`${STEP}{ run: a, shell: bash }\n`, `${STEP}{ run: a, shell: /bin/bash -e }\n`],
  [`${STEP}{ run: a, environment: [A=b] }\n`, /write each as NAME: value below environment:$/],
  [`${STEP}{ run: a, environment: { A：b } }\n`, `${STEP}{ run: a, environment: { A: b } }\n`],
  [`${STEP}{ run: a, timeout: 00:20:00 }\n`, `${STEP}{ run: a, timeout: 20m }\n`],
  [`${STEP}{ run: a, timeout: "1:30:00" }\n`, `${STEP}{ run: a, timeout: 1h30m }\n`],
  // Characters of an input method around and in values, commands in brackets.
  ...["“0 2 * * *”", "「0 2 * * *」", "０ ２ * * *", "0 2 ＊ ＊ ＊", "“02:00”"].map((cron): Row => [
    `schedule: ${cron}\n`,
    "schedule: 0 2 * * *\n",
  ]),
  ["schedule: { cron: “0 2 * * *” }\n", "schedule: { cron: 0 2 * * * }\n"],
  ...["“3”", "３", "3。", "「３」", "‘3’"].map((keep): Row => [
    `retention: { enabled: true, keep: ${keep} }\n`,
    "retention: { enabled: true, keep: 3 }\n",
  ]),
  ["retention: { enabled: ｔｒｕｅ }\n", "retention: { enabled: true }\n"],
  ...["“2d”", "２d", "2天。", "“２ 天”", "48ｈ"].map((within): Row => [
    `notify: [ops]\npromote: { approval: { within: ${within} } }\n`,
    "notify: [ops]\npromote: { approval: { within: 2d } }\n",
  ]),
  ["test: { timeout: “5m”, commands: [a] }\n", "test: { timeout: 5m, commands: [a] }\n"],
  ...["［yum install -y nginx］", "【yum install -y nginx】", "［“yum install -y nginx”］"].map(
    (list): Row => [`provision: ${list}\n`, "provision: [yum install -y nginx]\n"],
  ),
  ["test:\n  commands: 【nginx -t， nginx -v】\n", "test:\n  commands: [nginx -t, nginx -v]\n"],
  [`${STEP}{run：yum install -y nginx}\n`, `${STEP}{run: yum install -y nginx}\n`],
  [`${STEP}{run:yum install -y nginx}\n`, `${STEP}{run: yum install -y nginx}\n`],
  [`${STEP}{ run: a, timeout:5m }\n`, `${STEP}{ run: a, timeout: 5m }\n`],
  ["rebake: {nightly: false；onChange: false}\n", "rebake: {nightly: false,onChange: false}\n"],
  [
    "promote: { regions: 【cn-beijing；cn-shanghai】 }\n",
    "promote: { regions: [cn-beijing, cn-shanghai] }\n",
  ],
  ["promote: { regions: cn-beijing、cn-shanghai }\n", "promote: { regions: [cn-beijing, cn-shanghai] }\n"],
  ["notify: ops, dev\n", "notify: [ops, dev]\n"],
  ["notify: ops，dev\n", "notify: [ops, dev]\n"],
  ["whenBusy: “queue”\n", "whenBusy: queue\n"],
  [
    "image: { tags: { “team”: web } }\n",
    /stands in the quotes “”, which are part of the key; write it without them$/,
  ],
  ["notify: @ops\n", "notify: ops\n"],
  ["notify: '#Ops'\n", "notify: ops\n"],
  [
    "notify: [ops,, dev]\n",
    /a comma or bracket stands where an entry is expected, as in \[a,, b\]; remove the one too many$/,
  ],
  ["inputs: s3://bucket/file\n", /must be a list \(it is "s3:\/\/bucket\/file"\)$/],
  ...[", ", ",", "; ", " ", "、", "，"].map((mark): Row => [
    `${STEP}{ script: "scripts/a.sh${mark}scripts/b.sh" }\n`,
    /must be the key of one object under scripts\/, and names several .*; make a step of each$/,
  ]),
  // No word for none, no yes and no address is a command or a name.
  ...["false", "no", "none", "skip", "off"].map((word): Row => [`test: ${word}\n`, "test: { skip: true }\n"]),
  ["test: true\n", /write test: \{ commands: \[ … \] \}$/],
  ["test: nginx\n", /write test: \{ commands: \[ … \] \}$/],
  ["test: nginx -t\n", "test: { commands: [nginx -t] }\n"],
  ...[
    "notify: false",
    "provision: none",
    "provision: no",
    "test: { commands: false }",
    "promote: { regions: none }",
    "notify: [ops]\npromote: { approval: false }",
    "components: false",
    "inputs: none",
    "schedule: false",
    "schedule: never",
    "encrypt: none",
    "description: false",
    "retention: never",
  ].map((line): Row => [`${line}\n`, /; leave it out$/]),
  ["notify: true\n", /must be a list \(it is true\)$/],
  ["promote: false\n", /; remove family: for an image that joins none$/],
  ["retention: true\n", "retention: { enabled: true }\n"],
  ["rebake: none\n", "rebake: false\n"],
  ["keepFailed: never\n", "keepFailed: false\n"],
  // A bare number, with each unit that the rule of its place takes.
  ["retention: { deleteAfter: 7 }\n", /; write 7h for hours or 7d for days$/],
  ["retention: { youngerThan: 2 }\n", "retention: { youngerThan: 2d }\n"],
  ["keepFailed: 2\n", /; write 2h for hours or 2d for days$/],
  ["keepFailed: '90'\n", /; write 90m for minutes or 90h for hours$/],
  ["notify: [ops]\npromote: { approval: { within: 2 } }\n", /; write 2h for hours or 2d for days$/],
  [
    "test: { timeout: 20, commands: [{ run: a, timeout: 30m }] }\n",
    "test: { timeout: 20h, commands: [{ run: a, timeout: 30m }] }\n",
  ],
  ["keepFailed: 1000000\n", /must be a duration such as 90s, 10m, 2h or 7d \(it is 1000000\)$/],
  // Release.
  ["promote: web\n", /must be a map of keys and values .*; write its keys below promote:/],
  ["promote: true\n", "promote: {}\n"],
  ["promote: cn-beijing\n", "promote: { regions: [cn-beijing] }\n"],
  ["promotion: {}\nprovision: [a]\n", "promote: {}\nprovision: [a]\n"],
  ["promote: { family: db }\n", /promote\.family: is not known; remove it$/],
  ...["true", "yes", "manual", "2d"].map((value): Row => [
    `notify: [ops]\npromote: { approval: ${value} }\n`,
    "notify: [ops]\npromote: { approval: { within: 2d } }\n",
  ]),
  ["notify: [ops]\npromote: { approval: 3h }\n", "notify: [ops]\npromote: { approval: { within: 3h } }\n"],
  ["notify: [ops]\npromote: { approval: {} }\n", /within: is missing; write within: 2d$/],
  [
    "notify: [ops]\npromote: { approval: { expires: 1d } }\n",
    "notify: [ops]\npromote: { approval: { within: 1d } }\n",
  ],
  [
    "notify: [ops]\npromote: { approval: { within：1d } }\n",
    "notify: [ops]\npromote: { approval: { within: 1d } }\n",
  ],
  ["notify: { ops: [failed] }\n", "notify: { channel: ops, events: [failed] }\n"],
  ["notify: [{ ops: [failed, baked] }]\n", "notify: [{ channel: ops, events: [failed, baked] }]\n"],
  ["rebake: { nightly: '0 2 * * *' }\n", /write schedule: "0 2 \* \* \*" at the top of the recipe$/],
  ["rebake: { nightly: '02:30' }\n", /write schedule: "30 2 \* \* \*" at the top of the recipe$/],
  ["rebake: { cron: '0 2 * * 1' }\n", /write schedule: "0 2 \* \* 1" at the top of the recipe$/],
  ["cron: 0 2 * * *\n", 'schedule: "0 2 * * *"\n'],
  ["cron: often\n", /write schedule: and five fields, such as "0 3 /],
  ['schedule: "@daily"\n', 'schedule: "0 0 * * *"\n'],
  ['schedule: "@weekly"\n', 'schedule: "0 0 * * 0"\n'],
  ["schedule: daily\n", /write "0 3 \* \* \*" for each day at 03:00$/],
  // Names, types and tags.
  ["image: { name: 'web {date} {time}' }\n", "image: { name: 'web-{date}-{time}' }\n"],
  ["image: { name: 'web {date}' }\n", "image: { name: 'web-{date}-{time}' }\n"],
  ["image: { name: web app }\n", "image: { name: 'web-app-{serial}' }\n"],
  ["image: { tags: [a, b] }\n", /write each as key: value below tags:$/],
  ["image: { tags: { team：b } }\n", "image: { tags: { team: b } }\n"],
  ["parameters: [A, B]\n", /write each as NAME: \{ default: … \} below parameters:$/],
];
/** In place of the instance types, and of the family. */
const TYPES: readonly Row[] = [
  ...["ECS.G7.LARGE", "ecs-g7-large", "g7.large", "ecs.ecs.g7.large", "ecs.g7-large", "ecs.g７.large"].map(
    (type): Row => [`instanceTypes: [${type}]`, BUILDER],
  ),
  ...["ecs.g7large", "ecs.large", "large", "web.server"].map((type): Row => [
    `instanceTypes: [${type}]`,
    /must be an instance type, like ecs\.g7\.large \(it is "[^"]*"\)$/,
  ]),
];
const FAMILIES: readonly Row[] = [
  ["family: web；\n", "family: web\n"],
  ["family: my app\n", "family: my-app\n"],
  ["family web\n", "family: web\n"],
  ["family = web\n", "family: web\n"],
  ["family：web\n", "family: web\n"],
  ["family: ｗｅｂ\n", "family: web\n"],
  ["family: 【web】\n", "family: web\n"],
  ["family: web，db\n", /it holds the full-width ， \(U\+FF0C\)/],
  ["family:\n", /has no value; write one, or remove the line$/],
];
const HOURS = "idle:\n  signals: { cpuAverage: 5 }\n  upDuring: { timeZone: Asia/Shanghai, hours: ";
const LIMITS = "limits: { max: 10 }\n";
const FLEETS: readonly Row[] = [
  ["limits：｛max：10｝\n", LIMITS],
  ["limits：{ max：10 }\n", LIMITS],
  ["limits: { max：10 }\n", LIMITS],
  ["limits: { maximum: 10 }\n", LIMITS],
  ["limits: 10\n", LIMITS],
  ["limits:\n", LIMITS],
  [
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, cap: 50% }\n`,
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, cap: { percent: 50 } }\n`,
  ],
  [`${LIMITS}idle: { signals: { cpuAverage: <5 } }\n`, `${LIMITS}idle: { signals: { cpuAverage: 5 } }\n`],
  [`${LIMITS}idle: { signals: { cpuAverage: 5% } }\n`, `${LIMITS}idle: { signals: { cpuAverage: 5 } }\n`],
  [
    `${LIMITS}idle: { signals: [cpuAverage] }\n`,
    /write each with its limit, as in signals: \{ cpuAverage: 5 \}$/,
  ],
  [
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, window: 90m }\n`,
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, window: 2h }\n`,
  ],
  [`${LIMITS}${HOURS}[周一至周五 08:00-20:00] }\n`, `${LIMITS}${HOURS}[Mon-Fri 08:00-20:00] }\n`],
  [`${LIMITS}${HOURS}[Mon-Fri 9am-6pm] }\n`, `${LIMITS}${HOURS}[Mon-Fri 09:00-18:00] }\n`],
  [`${LIMITS}${HOURS}[工作日 8点-20点] }\n`, /must be days and hours/],
  [`${LIMITS}${HOURS}[每天 08:00至20:00] }\n`, `${LIMITS}${HOURS}[daily 08:00-20:00] }\n`],
  [`${LIMITS}${HOURS}Mon-Fri 8:00-20:00 }\n`, `${LIMITS}${HOURS}[Mon-Fri 08:00-20:00] }\n`],
];
const SIZED = `${LIMITS}size: { min: 1 }\n`;
const UNWANTED: readonly Row[] = [
  ...["false", "none", "no"].map((word): Row => [
    `${SIZED}health: ${word}\n`,
    /health: must be .*; leave it out$/,
  ]),
  ...["true", "8080", "/healthz", "localhost:80/healthz", "curl", "[curl, localhost]"].map((value): Row => [
    `${SIZED}health: ${value}\n`,
    /write health: \{ command: … \} with a line of shell$/,
  ]),
  [
    `${SIZED}health: http://localhost/status\n`,
    `${SIZED}health: { command: curl -fsS http://localhost/status }\n`,
  ],
  [`${SIZED}health: { command: false }\n`, /must be text \(it is false\); write a line of shell$/],
  [`${LIMITS}wake: never\n`, `${LIMITS}wake: false\n`],
  ...["idle: off", "size: none", "refresh: no", "notify: false", "ladder: none", "expireAfter: never"].map(
    (line): Row => [`${LIMITS}${line}\n`, /; leave it out$/],
  ),
  [`${LIMITS}expireAfter: 8\n`, /; write 8h for hours or 8d for days$/],
  [
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, releaseAfter: 7 }\n`,
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, releaseAfter: 7d }\n`,
  ],
  [
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, window: 3 }\n`,
    `${LIMITS}idle: { signals: { cpuAverage: 5 }, window: 3h }\n`,
  ],
];
const LAUNCHES: readonly Row[] = [
  ["  Tag: [team=web]\n", "  Tag: [{ Key: team, Value: web }]\n"],
  ["  Tag: { team: web }\n", "  Tag: [{ Key: team, Value: web }]\n"],
  ["  ImageId: m-1\n", /decides; remove it$/],
];

type Parse = typeof parseRecipe | typeof parseFleet;

/** What is said, and what the sound documents mean that the suggestion gives. */
function outcome(parse: Parse, text: string) {
  const problems = problemsWith(parse, text);
  const texts = problems.flatMap((problem) => followed(text, problem));
  const sound = texts.filter((one) => problemsWith(parse, one).length === 0);
  return {
    said: problems.map(({ path, message }) => `${path}: ${message}`),
    means: [...new Set(sound.map((one) => JSON.stringify(parse("web", one, help))))],
  };
}

const given = (rows: readonly Row[], around: (part: string) => string, parse: Parse): void => {
  for (const [written, meant] of rows)
    test(`of ${written.trim().replaceAll("\n", " ")}`, ({ expect }) => {
      const { said, means } = outcome(parse, around(written));
      expect(said, said.join("\n")).toHaveLength(1);
      if (typeof meant === "string")
        expect(means, said[0]).toContain(JSON.stringify(parse("web", around(meant), help)));
      else expect({ said: said[0], means }).toEqual({ said: expect.stringMatching(meant), means: [] });
    });
};

describe("a suggestion in a recipe, followed to the letter, means what was written", () => {
  given(RECIPES, (part) => `${RECIPE}${part}`, parseRecipe);
  given(TYPES, (part) => RECIPE.replace(BUILDER, part), parseRecipe);
  given(FAMILIES, (part) => `${BARE}${part}`, parseRecipe);
});

describe("a suggestion in a fleet, followed to the letter, means what was written", () => {
  given(UNWANTED, (part) => `${FLEET}${part}`, parseFleet);
  given(FLEETS, (part) => `${FLEET}${part}`, parseFleet);
  given(LAUNCHES, (part) => `${FLEET}${part}${LIMITS}`, parseFleet);
});

test("a family in promote stands at the top, and nothing lacks it besides", ({ expect }) => {
  const [only, ...more] = problemsWith(
    parseRecipe,
    `${BARE}provision: [a]\ntest: { commands: [a] }\npromote: { family: web }\n`,
  );
  expect(only?.message).toBe("is not known; write family: at the top");
  expect(more).toEqual([]);
});

test("a word without its colon is marked in its own line", ({ expect }) => {
  for (const [lines, line, column] of [
    ["provision\n  - echo a\ntest: { commands: [a] }\n", 8, 10],
    ["provision = \n  - echo a\ntest: { commands: [a] }\n", 8, 11],
    ["provision =\n  - echo a\ntest: { commands: [a] }\n", 8, 11],
    ["provision: [a]\nwhenBusy queue\n", 9, 9],
    ["provision: [a]\nwhenBusy queue # as it is\n\n", 9, 9],
    ["provision: [a]\nwhenBusy = queue\npauseAfter: 3\n", 9, 10],
    ["test:\n  commands\n    - echo a\n  timeout: 5m\n", 9, 11],
  ] as const) {
    const [only, ...more] = problemsWith(parseRecipe, RECIPE + lines);
    expect(only?.message, lines).toMatch(
      /^a key needs a colon and a space; write (?:provision|whenBusy|commands):/,
    );
    expect([only?.place?.line, only?.place?.column], lines).toEqual([line, column]);
    expect(more, lines).toEqual([]);
  }
});

test("a suggestion that its own rule refuses is not made", ({ expect }) => {
  const builder = (line: string): string => RECIPE.replace(BUILDER, line);
  for (const text of [
    builder("instanceTypes: a, b"),
    builder("instanceTypes: [a: 1]"),
    builder(`${BUILDER}\n    systemDisk: 0`),
    builder(`${BUILDER}\n    systemDisk: "5"`),
    builder(`${BUILDER}\n    ramRole: 1：2`),
    `${RECIPE}${STEP}{ file: files/a, to: 5 }\n`,
    `${RECIPE}${STEP}{ run: a, okExitCodes: web }\n`,
    `${RECIPE}retention: { keep: 500% }\n`,
  ]) {
    const { said } = outcome(parseRecipe, text);
    expect(said, text).toHaveLength(1);
    expect(said[0], text).not.toMatch(/\bwrite [^a-z]|: 'a: 1'|write \[/);
  }
});
