/** The commonest mistakes of authors: each is listed once, with its line, the rule and what to write instead. */
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { help } from "../../../shared/documents/help.ts";
import { DocumentError } from "../../../shared/errors.ts";
import { followed } from "./followed.ts";
import { FLEET, problemsWith, RECIPE } from "./problems-of.ts";

const SOUND_FLEET = `${FLEET}limits: { max: 10 }
`;

type Parse = typeof parseRecipe | typeof parseFleet;

/** Every document of this file, for the last test. */
const table = new Map<string, Parse>();

/** `line:column path: message`, as far as they are known. */
const mistakes = (parse: Parse, text: string): string[] => {
  table.set(text, parse);
  return listed(parse, text);
};

const listed = (parse: Parse, text: string): string[] =>
  problemsWith(parse, text).map(({ path, message, place }) =>
    [place ? `${place.line}:${place.column} ` : "", path && `${path}: `, message].join(""),
  );

const inRecipe = (more: string): string[] => mistakes(parseRecipe, `${RECIPE}${more}`);
const inFleet = (more: string): string[] => mistakes(parseFleet, `${SOUND_FLEET}${more}`);

test("the documents that the mistakes are made in are sound", ({ expect }) => {
  expect([...inRecipe(""), ...inFleet("")]).toEqual([]);
});

test("a value is marked where it stands, also where one value stands for a list of one", ({ expect }) => {
  for (const [notify, place] of [
    ["{ channel: ops, events: [faild] }", "34"],
    ["{ channel: ops, events: faild }", "33"],
    ["[{ channel: ops, events: [baked, faild] }]", "42"],
    ["[a, { channel: ops, events: faild }]", "37"],
    ["{ channel: Ops }", "20"],
  ] as const) {
    const [only = "", ...more] = inRecipe(`notify: ${notify}\n`);
    expect(more).toEqual([]);
    expect(only).toMatch(new RegExp(`^\\d+:${place} notify`));
  }
});

describe("a command that contains a colon and a space", () => {
  for (const command of ["curl -H Host: x http://localhost", "echo a: b", "printf done: > /etc/motd"]) {
    for (const list of ["provision:\n", "test:\n  commands:\n"]) {
      test(`${list.trim().replace("\n", "")} ${command}`, ({ expect }) => {
        const pad = list.startsWith("test") ? "    " : "  ";
        const [only, ...more] = inRecipe(`${list}${pad}- ${command}\n`);
        expect(more).toEqual([]);
        expect(only).toContain(`must be quoted`);
        expect(only).toContain(`'${command}'`);
        expect(only).toMatch(/^(8|10|9):/);
      });
    }
    test(`run: ${command}`, ({ expect }) => {
      const found = inRecipe(`provision:\n  - run: ${command}\n    timeout: 20min\n`);
      expect(found).toHaveLength(2);
      expect(found[0]).toContain(`write run: '${command}'`);
      expect(found[1]).toContain("10:14 provision[0].timeout");
    });
  }
});

test("a command that begins with a character that YAML reads itself must be quoted", ({ expect }) => {
  for (const command of [
    "[ -f /x ] && y",
    "{ a; } > b",
    "@x",
    "%x y",
    "*.x",
    "& y",
    "!x",
    "`ls`",
    '"a" b',
    "'a' b",
  ]) {
    const found = inRecipe(`provision:\n  - ${command}\n`);
    expect(found, command).toHaveLength(1);
    expect(found[0], command).toMatch(/^9:5 .*quote/);
  }
});

describe("characters of a Chinese input method", () => {
  test("a full-width colon is named at its own line, and the rest is checked all the same", ({ expect }) => {
    const text = `description: 网站：说明，完整\n${RECIPE.replace("family: web", "family：web")}test:\n  timeout：20min\nprovison: [a]\n`;
    expect(mistakes(parseRecipe, text)).toEqual([
      "8:7 the colon behind family is the full-width ： (U+FF1A); write family: web",
      "10:10 the colon behind timeout is the full-width ： (U+FF1A); write timeout: 20min",
      '10:11 test.timeout: must be a duration such as 90s, 10m, 2h or 7d (it is "20min"); write 20m',
      "11:1 provison: is not known; did you mean provision?",
    ]);
  });

  test("a map in braces", ({ expect }) => {
    const found = mistakes(parseFleet, SOUND_FLEET.replace("{ max: 10 }", "{max：10}"));
    expect(found).toEqual([
      "6:10 limits.max：10: is not known: it holds the full-width ： (U+FF1A); write max: 10",
    ]);
  });

  test("commas, quotes, brackets and digits in values", ({ expect }) => {
    const values = {
      "[ecs.g7.large，ecs.c7.large]": "，",
      "“ecs.g7.large”": "“",
      "［ecs.g7.large］": "［",
      "ecs.g７.large": "７",
    };
    for (const [value, character] of Object.entries(values)) {
      const found = mistakes(parseRecipe, RECIPE.replace("[ecs.g7.large]", value));
      expect(found, value).toHaveLength(1);
      expect(found[0], value).toContain(`it holds the full-width ${character}`);
      expect(found[0], value).toMatch(/^4:/);
    }
  });

  test("a text in full-width quotes keeps them, so it is refused", ({ expect }) => {
    for (const [open, close] of ["“”", "‘’", "「」"]) {
      const found = inRecipe(`provision:\n  - run: ${open}systemctl enable nginx${close}\n`);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`9:10 provision[0].run: stands in the quotes ${open}${close}`);
    }
  });
});

describe("characters of a Chinese input method, where they belong", () => {
  test("inside of texts, comments and blocks they are as they are", ({ expect }) => {
    expect(
      inRecipe(
        `# 注释：说明\ndescription: "说明：完整"\nprovision:\n  - run: |\n      echo “你好”：世界　再见\n  - echo "好　的"\n`,
      ),
    ).toEqual([]);
  });
});

describe("spaces that are none", () => {
  const spaces = { "ideographic space": "\u3000", "no-break space": "\u00a0", "zero-width space": "\u200b" };
  for (const [name, space] of Object.entries(spaces)) {
    test(`${name}: before a key, behind its colon, in a value and in a command`, ({ expect }) => {
      for (const more of [
        `${space}whenBusy: queue\n`,
        `whenBusy:${space}queue\n`,
        `whenBusy: queue${space}\n`,
        `promote:\n${space}outranked: stop\n`,
        `provision:\n  - yum install -y${space}nginx\n`,
      ]) {
        const found = inRecipe(more);
        expect(found, JSON.stringify(more)).toHaveLength(1);
        expect(found[0], JSON.stringify(more)).toContain(`the invisible ${name}`);
        expect(found[0], JSON.stringify(more)).toMatch(/^(8|9):\d+ /);
      }
    });
  }

  test("tabs are named line by line, and the rest is checked", ({ expect }) => {
    expect(inRecipe("test:\n\ttimeout: 20min\n\tskip: yes\n").filter((line) => line.includes("tab"))).toEqual(
      ["9:1 a tab is used for indentation; use spaces", "10:1 a tab is used for indentation; use spaces"],
    );
  });
});

test("durations of other notations are suggested in Kiln's", ({ expect }) => {
  const suggested = {
    "20min": "20m",
    "1 hour": "1h",
    "1.5h": "1h30m",
    '"90 sec"': "1m30s",
    PT20M: "20m",
    "30分钟": "30m",
    "20": "20m for minutes or 20s for seconds",
    '"20"': "20m for minutes or 20s for seconds",
  };
  for (const [value, like] of Object.entries(suggested)) {
    const [only, ...more] = inRecipe(`provision: [{ run: "true", timeout: ${value} }]\n`);
    expect(more, value).toEqual([]);
    expect(only?.endsWith(`; write ${like}`), `${value} ${only}`).toBe(true);
  }
  expect(inRecipe("retention: { deleteAfter: 1w }\n")[0]).toMatch(/; write 7d$/);
  expect(inRecipe("provision: [{ run: 'true', timeout: soon }]\n")[0]).not.toContain("; write");
});

test("the words of other tools are known", ({ expect }) => {
  const step = (key: string, value = "{ A: b }") =>
    inRecipe(`provision: [{ run: "true", ${key}: ${value} }]\n`);
  for (const key of ["env", "envs", "vars", "variables"])
    expect(step(key)[0]).toContain("did you mean environment?");
  for (const key of ["workdir", "cwd", "dir", "working_directory"])
    expect(step(key, "/srv")[0]).toContain("did you mean workingDir?");
  for (const key of ["steps", "provisioners", "tasks"])
    expect(inRecipe(`${key}: [a]\n`)[0]).toContain("did you mean provision?");
  expect(inRecipe("image: { architecture: amd64 }\n")[0]).toContain("did you mean x86_64?");
  expect(inRecipe("image: { architecture: aarch64 }\n")[0]).toContain("did you mean arm64?");
  expect(inFleet("idle: { signals: { cpu: 5 } }\n")[0]).toContain("did you mean cpuAverage?");
  for (const key of ["replicas", "maxSize", "count"])
    expect(mistakes(parseFleet, SOUND_FLEET.replace("max:", `${key}:`)), key).toEqual([
      `6:11 limits.${key}: is not known; did you mean max?`,
    ]);
  expect(inFleet("ttl: 2d\n")[0]).toContain("did you mean expireAfter?");
});

test("a misspelt key is not missing as well", ({ expect }) => {
  const found = mistakes(
    parseFleet,
    SOUND_FLEET.replace("InstanceType", "instanceType")
      .replace("VSwitchId", "vSwitchIds")
      .replace("SecurityGroupId", "securityGroup"),
  );
  expect(found).toEqual([
    "3:3 launch.instanceType: is not known; did you mean InstanceType?",
    "4:3 launch.vSwitchIds: is not known; did you mean VSwitchId?",
    "5:3 launch.securityGroup: is not known; did you mean SecurityGroupId?",
  ]);
});

test("a key that must be written comes with an example", ({ expect }) => {
  expect(mistakes(parseRecipe, "family: web\n")).toEqual([
    "source: is missing; write source: and below it one of builder, instance, snapshot, disks, upload; see examples/recipes/",
  ]);
  expect(mistakes(parseFleet, SOUND_FLEET.replace(/limits.*\n/, ""))).toEqual([
    "limits: is missing; write limits: { max: 10 }",
  ]);
  expect(inFleet("idle: {}\n")).toEqual([
    "7:1 idle.signals: is missing; write signals: { cpuAverage: 5 }, or upDuring to stop by the clock",
  ]);
});

test("channels have one shape everywhere: a name, or a channel and its events", ({ expect }) => {
  const shapes = ["ops", "[ops]", "[ops, { channel: team }]", "{ channel: ops }"];
  for (const notify of shapes) {
    expect(inRecipe(`notify: ${notify}\n`), notify).toEqual([]);
    expect(inFleet(`notify: ${notify}\n`), notify).toEqual([]);
    expect(inFleet(`idle: { signals: { cpuAverage: 5 }, notice: 1h, notify: ${notify} }\n`), notify).toEqual(
      [],
    );
  }
  expect(parseRecipe("web", `${RECIPE}notify: [ops]\n`).notify).toEqual([
    { channel: "ops", events: ["baked", "promoted", "failed", "rolledBack", "retiring"] },
  ]);
  expect(parseFleet("web", `${SOUND_FLEET}notify: [{ channel: ops, events: failed }]\n`).notify).toEqual([
    { channel: "ops", events: ["failed"] },
  ]);
  expect(inFleet("notify: [{ channel: ops, events: [baked] }]\n")[0]).toContain("must be failed");
});

test("rules that need only the text are checked when it is read", ({ expect }) => {
  expect(inRecipe("promote: { approval: { within: 2d } }\n")).toEqual(
    [
      "8:1 promote.approval: needs a channel to ask; write notify: [ops] with a channel of KILN_CHANNELS, or remove the approval",
    ].map((line) => line.replace("8:1", "8:12")),
  );
  expect(inRecipe('test: { timeout: 10m, commands: [{ run: "true", timeout: 1h }] }\n')[0]).toContain(
    "test.commands[0].timeout: must be at most test.timeout, which is 10m",
  );
  expect(inRecipe("rebake: { nightly: '0 2 * * *' }\n")[0]).toContain("schedule:");
  expect(inRecipe("schedule: 02:00\n")[0]).toContain("must have five fields");
});

test("documents of other tools, and of the other kind, are one mistake", ({ expect }) => {
  const foreign = {
    "a Packer template": '{"builders": [{"type": "alicloud-ecs"}], "provisioners": []}',
    "a Packer template in HCL": 'packer {\n  required_plugins {}\n}\nsource "alicloud-ecs" "x" {\n}\n',
    "a configuration of Terraform": 'resource "alicloud_instance" "web" {\n  count = 2\n}\n',
    "a Compose file": "services:\n  web: { image: nginx }\n",
    "a Dockerfile": "FROM alibaba-cloud-linux:3\nRUN yum install -y nginx\n",
    "a configuration of cloud-init": "#cloud-config\npackages: [nginx]\n",
    "a playbook of Ansible": "- hosts: all\n  tasks: []\n",
  };
  for (const [tool, text] of Object.entries(foreign))
    expect(mistakes(parseRecipe, text)).toEqual([
      `is ${tool}, which Kiln does not read; begin with examples/recipes/web.yaml`,
    ]);
  expect(mistakes(parseRecipe, SOUND_FLEET)).toEqual([expect.stringContaining("is a fleet")]);
  expect(mistakes(parseFleet, RECIPE)).toEqual([expect.stringContaining("is a recipe")]);
});

test("values of a wrong kind come with the right one", ({ expect }) => {
  expect(mistakes(parseFleet, SOUND_FLEET.replace("max: 10", 'max: "10"'))[0]).toContain(
    "write 10, without quotes",
  );
  for (const word of ["yes", "on", "True ", '"true"'])
    expect(inRecipe(`rebake: { onlyIfChanged: ${word.trim() === "True" ? "'True'" : word} }\n`)[0]).toContain(
      "write true",
    );
  expect(inRecipe("promote: { regions: cn-beijing }\n")[0]).toContain("write [cn-beijing]");
  expect(inRecipe("provision:\n  -yum install\n")[0]).toContain("a space behind the -");
  expect(inRecipe("provision: [{ script: ./scripts/x.sh }]\n")).toEqual([
    '8:23 provision[0].script: must be the key of an object under scripts/ (it is "./scripts/x.sh"); write scripts/x.sh',
  ]);
  const up = (timeZone: string, hours: string) =>
    inFleet(
      `idle: { signals: { cpuAverage: 5 }, upDuring: { timeZone: ${timeZone}, hours: ["${hours}"] } }\n`,
    ).join();
  expect(up("Beijing", "daily 08:00-20:00")).toContain("write Asia/Shanghai");
  expect(up("Tokyo", "daily 08:00-20:00")).toContain("write Asia/Tokyo");
  expect(up("UTC", "Mon-Fri 8-20")).toContain("write Mon-Fri 08:00-20:00");
  expect(up("UTC", "monday-friday 8:30 - 20:00")).toContain("write Mon-Fri 08:30-20:00");
});

test("a text in another encoding is refused with its line", ({ expect }) => {
  const gbk = Buffer.concat([Buffer.from("family: web\n# "), Buffer.from([0xb9, 0xfa])]).toString("utf8");
  expect(mistakes(parseRecipe, gbk)[0]).toMatch(/^2:3 the text is not UTF-8/);
  expect(mistakes(parseRecipe, Buffer.from("family: web\n", "utf16le").toString("utf8"))[0]).toContain(
    "UTF-8",
  );
  expect(mistakes(parseRecipe, "description: a\u0007b\n")[0]).toMatch(
    /^1:15 the control character U\+0007 stands here/,
  );
});

test("every problem of the examples, damaged line by line, has a line of its own or says what is missing", ({
  expect,
}) => {
  for (const [parse, file] of [
    [parseRecipe, "recipes/web"],
    [parseFleet, "fleets/web"],
  ] as const) {
    const lines = readFileSync(`examples/${file}.yaml`, "utf8").split("\n");
    for (const index of lines.keys()) {
      const damaged = lines.map((line, n) => (n === index ? line.replace(/:/, "：") : line)).join("\n");
      for (const found of listed(parse, damaged))
        expect(found, damaged).toMatch(/^\d+:\d+ |is missing|must have/);
    }
  }
});

test("a parser's complaint is listed where the mistake is, in the words of authors", ({ expect }) => {
  const complaints: Readonly<Record<string, RegExp>> = {
    "whenBusy = queue\nrebake: {}\n": /^8:10 a key needs a colon and a space; write whenBusy: queue$/,
    "whenBusy; queue\nrebake: {}\n": /^8:9 a key needs a colon and a space; write whenBusy: queue$/,
    "description: @web\n": /^8:14 a text that begins with @ must be quoted; write '@web'$/,
    "description: %web\n": /^8:14 a text that begins with % must be quoted/,
    "description: `x`\n": /^8:14 a text that begins with ` must be quoted/,
    'description: "a" b\n': /^8:14 text goes on behind the closing "/,
    "description: [x] y\n": /^8:14 a text that begins with \[ must be quoted/,
    "provision:\n  - {{ var }}\n": /^9:5 a text that begins with { must be quoted; write '{{ var }}'$/,
    "provision:\n  * yum\n  * vim\n": /^9:3 an entry of a list begins with -/,
    "provision:\n  - run: |\n    echo a\n    echo b\nwhenBusy: queue\n":
      /^10:5 the text below \| begins further to the right/,
    "---\nfamily: x\n": /^8:1 the file holds several documents/,
    "test:\n  commands: [[ -f /x ]]\n": /^9:16 .*must be one command, not a list/,
    "provision:\n  - - echo\n": /^9:7 .*must be one command, not a list/,
    'description: "web\nwhenBusy: queue\n': /^8:14 the " that opens here is not closed/,
    "promote:\n  regions: [cn-beijing\n  verify: true\n": /^9:12 the \[ that opens here is not closed/,
    "notify: {{ x }}\n": /^8:9 /,
  };
  for (const [text, complaint] of Object.entries(complaints))
    expect(inRecipe(text)[0], text).toMatch(complaint);
});

test("one mistake is listed once", ({ expect }) => {
  const misspelt = RECIPE.replace("family: web", "famliy: web");
  expect(mistakes(parseRecipe, `${misspelt}test: { commands: [a] }\npromote: {}\n`)).toEqual([
    "7:1 famliy: is not known; did you mean family?",
  ]);
  for (const step of ["command: a", "cmd: b", "scirpt: scripts/a.sh", "Restart: y"]) {
    const found = inRecipe(`provision:\n  - ${step}\n`);
    expect(found, step).toEqual([expect.stringContaining("is not known")]);
  }
  expect(inRecipe("provision: [{ name: x }]\n")[0]).toContain("must have exactly one of");
  expect(inRecipe("notify: “ops”\n")).toHaveLength(1);
  expect(inFleet("idle: { signals: { cpu: 5 } }\n")).toEqual([
    "7:20 idle.signals.cpu: is not known; did you mean cpuAverage?",
  ]);
  expect(inFleet("notify: [{ name: ops }]\n")).toEqual([
    "7:12 notify[0].name: is not known; did you mean channel?",
  ]);
});

test("keys that are written twice, however often and deep, hide no other mistake", ({ expect }) => {
  const steps = 'provision:\n  - run: a\n    "run": b\n    timout: 3m\n  - { run: c, run: d, run: e }\n';
  expect(inRecipe(`${steps}family: other\nfamly: x\n`)).toEqual([
    expect.stringMatching(/^10:6 a key is written twice/),
    expect.stringMatching(/^11:5 provision\[0\]\.timout: is not known; did you mean timeout\?/),
    expect.stringMatching(/^12:15 a key is written twice/),
    expect.stringMatching(/^12:23 a key is written twice/),
    expect.stringMatching(/^13:1 a key is written twice/),
    expect.stringMatching(/^14:1 famly: is not known/),
  ]);
});

/** What follows the keys at the top, and all that is said: what a misspelt key lacks is no mistake of its own. */
const MISSPELT: readonly (readonly [parse: Parse, text: string, ...said: string[]])[] = [
  [
    parseFleet,
    'size: { min: 1 }\ncalender: { timeZone: UTC }\nschedule: [{ days: daily, from: "08:00", to: "20:00", min: 2 }]',
    "calender: is not known; did you mean calendar?",
  ],
  [parseFleet, "sizes: { min: 1 }\nhealth: { command: ls -l }", "sizes: is not known; did you mean size?"],
  [
    parseFleet,
    "sizes: { min: 1 }\nidel: { signals: { cpuAverage: 5 } }\nrefresh: { maxUnavailable: 1 }",
    "sizes: is not known; did you mean size?",
    "idel: is not known; did you mean idle?",
  ],
  [
    parseFleet,
    "idel: { signals: { cpuAverage: 5 } }\nonJobCompleted: stop",
    "idel: is not known; did you mean idle?",
  ],
  [
    parseFleet,
    "idle: { upDuring: { hours: [daily 08:00-20:00], timezone: UTC } }",
    "idle.upDuring.timezone: is not known; did you mean timeZone?",
  ],
  [
    parseFleet,
    'size: { min: 1 }\ncalendar: { timeZone: UTC }\nschedule: [{ days: daily, from: "08:00", to: "20:00", minimum: 2 }]',
    "schedule[0].minimum: is not known; did you mean min?",
  ],
  [
    parseFleet,
    "size: { min: 1 }\nhealth: { cmd: ls -l, interval: 5m }",
    "health.cmd: is not known; did you mean command?",
    "health.interval: is not known; did you mean every?",
  ],
  [
    parseRecipe,
    "promote: { regions: [{ id: cn-beijing, kmsKeyId: key-a }] }",
    "promote.regions[0].id: is not known; did you mean region?",
  ],
  [
    parseRecipe,
    "promote: { consumers: [{ templateId: lt-abc }] }",
    "promote.consumers[0].templateId: is not known; did you mean id?",
  ],
  [
    parseRecipe,
    "promote: { notify: ops, approval: { within: 2d } }",
    "promote.notify: is not known; write notify: at the top",
  ],
  [
    parseRecipe,
    "notifi: [ops]\npromote: { approval: { within: 2d } }",
    "notifi: is not known; did you mean notify?",
  ],
  [
    parseRecipe,
    "components: [{ component: nginx/1.0.0 }]",
    "components[0].component: is not known; did you mean use?",
  ],
  [
    parseRecipe,
    'schedule: { time: "0 3 * * *", timezone: UTC }',
    "schedule.time: is not known; did you mean cron?",
    "schedule.timezone: is not known; did you mean timeZone?",
  ],
  [
    parseRecipe,
    "provision: [{ file: files/a, path: /etc/a }]",
    "provision[0].path: is not known; did you mean to?",
  ],
  // A key that is only a little like one that is there means something else.
  [
    parseRecipe,
    "notify: [ops]\npromote: { approval: { within: 2d }, approvers: [a] }",
    "promote.approvers: is not known; schemas/README.md lists the keys",
  ],
  [parseFleet, "replicas: 2", "replicas: is not known; write it under size:, as desired"],
  // A text fits to many keys of a large map, so none of them is guessed.
  [
    parseRecipe,
    "comment: a\nimage: { name: a b }",
    "comment: is not known; known here are",
    "image.name: must",
  ],
];

test("a misspelt key, or one of another place, is the only mistake where something is lacking because of it", ({
  expect,
}) => {
  for (const [parse, text, ...said] of MISSPELT)
    expect(parse === parseFleet ? inFleet(`${text}\n`) : inRecipe(`${text}\n`), text).toEqual(
      said.map((one) => expect.stringContaining(one)),
    );
  for (const [source, said] of [
    [
      "instance: { instanceId: i-0123456789abcdef0 }",
      "source.instance.instanceId: is not known; did you mean id?",
    ],
    ["snapshot: { from: s-0123456789abcdef0 }", "source.snapshot.from: is not known; did you mean id?"],
  ] as const)
    expect(mistakes(parseRecipe, `source: { ${source} }\nfamily: web\ntest: { skip: true }\n`)).toEqual([
      expect.stringContaining(said),
    ]);
  const launch = (line: string): string[] => mistakes(parseFleet, `${FLEET}  ${line}\nlimits: { max: 10 }\n`);
  for (const [line, said] of [
    ["AutoReleaseTime: 2h", "must be an instant in UTC"],
    ["AutoReleaseTime: 2027-02-30T00:00:00Z", "must be a day and time that exist"],
    ["Tag: [{ Name: a, Value: b }]", "Tag[0].Name: is not known; did you mean Key?"],
    [
      "PrivatePoolOptions: { PoolId: eap-1, MatchCriteria: Target }",
      "PoolId: is not known; did you mean Id?",
    ],
  ] as const)
    expect(launch(line), line).toEqual([expect.stringContaining(said)]);
});

test("a control character is named wherever it stands, and its line is read no further", ({ expect }) => {
  for (const value of ['"a\u0001b"', "'a\u0001b'", "a\u0001b", '["a\u001b[1m"]', "{ b: 'x\u0008' }"])
    for (const line of [`description: ${value}\n`, `provision:\n  - run: ${value}\n`])
      expect(inRecipe(line), line).toContainEqual(
        expect.stringMatching(/the control character U\+00(?:01|08|1B) stands here/),
      );
});

test("a suggestion can be followed", ({ expect }) => {
  expect(inRecipe("provision: [{ run: a, timeout: 0 }]\n")[0]).not.toContain("; write");
  expect(inRecipe("provision: [{ script: 'scripts\\a.sh' }]\n")[0]).toMatch(/; write scripts\/a\.sh$/);
  expect(inRecipe("provision:\n  - 'echo it's'\n")[0]).toMatch(/: 'echo it''s'$/);
  expect(inRecipe("provision:\n  - 'a' b 'c'\n")[0]).toMatch(/: '''a'' b ''c'''$/);
  expect(inFleet("idle: { signals: { cpuAverage: 5% } }\n")[0]).toContain("write 5,");
  expect(inRecipe("__proto__: 1\n")[0]).not.toContain("did you mean");
  const spaced = RECIPE.replace("acs:", "acs: ");
  expect(mistakes(parseRecipe, spaced)).toEqual([
    expect.stringMatching(/^3:13 .*write family: acs:alibaba_cloud_linux_3_2104_lts_x64$/),
  ]);
});

test("user data that is encoded already is refused, and a text that only looks like it is not", ({
  expect,
}) => {
  const texts = [
    "#!/bin/bash\necho hi\n",
    "#cloud-config\n{}\n",
    "#include\nhttps://x\n",
    "Content-Type: multipart/mixed\n",
    "[bat]\necho\n",
    "\n#!/bin/sh\n",
    "\u001f\u008b\u0008 and more",
  ];
  for (const text of texts) {
    const encoded = Buffer.from(text, "latin1").toString("base64");
    const folded = encoded.replace(/^(.{8})/, "$1\n");
    for (const value of [encoded, folded]) {
      const fleet = FLEET.replace("launch:\n", `launch:\n  UserData: ${JSON.stringify(value)}\n`);
      expect(mistakes(parseFleet, fleet).join(), value).toMatch(
        /launch\.UserData.*: is Base64 already.*; write the text itself/,
      );
      const recipe = RECIPE.replace("builder:\n", `builder:\n    userData: ${JSON.stringify(value)}\n`);
      expect(mistakes(parseRecipe, recipe).join(), value).toContain("is Base64 already");
    }
  }
  for (const value of ["#!/bin/sh\ntrue\n", "installmonitoring", "aGVsbG8gd29ybGQ="]) {
    const fleet = FLEET.replace("launch:\n", `launch:\n  UserData: ${JSON.stringify(value)}\n`);
    expect(mistakes(parseFleet, `${fleet}limits: { max: 1 }\n`), value).toEqual([]);
  }
});

test("steps with files, repeats and exit codes say what is wrong with them", ({ expect }) => {
  const wrong: Readonly<Record<string, RegExp>> = {
    "{ file: files/a, to: etc/a }": /to: must be the absolute path of a file/,
    "{ file: files/a, to: /etc/ }": /to: must be the absolute path of a file/,
    "{ file: files/a, to: /etc/../a }": /to: must be the absolute path of a file/,
    "{ file: files/a }": /to: is missing: the path of the file on the instance/,
    "{ file: a.conf, to: /etc/a }":
      /file: must be the key of an object under files\/ .*; write files\/a\.conf/,
    "{ file: oss://bucket/files/a.conf, to: /etc/a }": /write files\/a\.conf/,
    "{ file: files/a, to: /etc/a, mode: 0640 }": /mode: must be text .*; put quotes around it/,
    '{ file: files/a, to: /etc/a, mode: "u+x" }': /mode: must be three or four octal digits/,
    '{ file: files/a, to: /etc/a, owner: "a b" }': /owner: must be a user, or a user and a group/,
    "{ file: files/a, to: /etc/a, user: app }": /user: has no meaning for a step with file/,
    "{ file: files/a, to: /etc/a, okExitCodes: [1] }": /okExitCodes: has no meaning for a step with file/,
    "{ file: files/a, to: /etc/a, run: a }": /must have exactly one of run, script, file and reboot, has 2/,
    "{ file: files/a, to: /etc/a, environment: { A: b } }":
      /environment: has no meaning for a step with file/,
    "{ run: a, to: /etc/a }": /to: has no meaning for a step with run/,
    "{ run: a, retries: 11 }": /retries/,
    "{ run: a, retries: -1 }": /retries/,
    "{ run: a, retries: three }": /retries: must be a whole number/,
    "{ run: a, okExitCodes: [] }": /okExitCodes: must name an exit code/,
    "{ run: a, okExitCodes: [256] }": /okExitCodes\[0\]/,
    "{ run: a, okCodes: [0, 1] }": /okCodes: is not known; did you mean okExitCodes\?/,
    "{ run: a, retry: 3 }": /retry: is not known; did you mean retries\?/,
    "{ file: files/a, dest: /etc/a }": /dest: is not known; did you mean to\?/,
    "{ run: reboot }":
      /run: restarts the machine .*; for a reboot write - reboot, or end the step with exit 194/,
    "{ reboot: true, okExitCodes: [0] }": /okExitCodes: has no meaning for a step with reboot/,
  };
  for (const [step, sentence] of Object.entries(wrong))
    expect(inRecipe(`provision:\n  - ${step}\n`).join("\n"), step).toMatch(sentence);
  const right = [
    "reboot",
    "{ run: a, retries: 10, okExitCodes: [0, 255] }",
    '{ file: files/a b/ü.conf, to: "/etc/a b/ü", mode: "755", owner: app }',
  ];
  expect(inRecipe(`provision:\n${right.map((step) => `  - ${step}\n`).join("")}`)).toEqual([]);
});

test("a command that only restarts its machine is refused with what to write instead", ({ expect }) => {
  const words = /for a reboot write - reboot, or end the step with exit 194/;
  for (const command of [
    "sudo reboot",
    "reboot -f",
    "reboot now",
    "/sbin/reboot",
    "sudo -n reboot &",
    "shutdown -r now",
    "sudo shutdown -r +1",
    "shutdown --reboot",
    "systemctl reboot",
    "systemctl --force reboot",
    "init 6",
  ])
    for (const place of ["provision", "test: { commands"]) {
      const list = place === "provision" ? `provision:\n  - ${command}\n` : `${place}: [${command}] }\n`;
      expect(inRecipe(list).join("\n"), `${place} ${command}`).toMatch(words);
    }
  for (const command of [
    "reboot",
    "shutdown -c",
    "systemctl restart nginx",
    "rebootctl",
    "yum update -y && exit 194",
  ])
    expect(inRecipe(`provision:\n  - ${command}\n`), command).toEqual([]);
});

test("a value of the wrong kind is said with what to write instead", ({ expect }) => {
  const builder = (line: string): string[] =>
    mistakes(parseRecipe, RECIPE.replace("    securityGroupId", `    ${line}\n    securityGroupId`));
  const launch = (line: string): string[] => mistakes(parseFleet, `${FLEET}  ${line}\nlimits: { max: 10 }\n`);
  const place = (from: string, to: string): string[] => mistakes(parseRecipe, RECIPE.replace(from, to));
  for (const [found, said] of [
    [place("vsw-hangzhou-h", "vpc-123"), "; this is the id of a VPC, write the one that begins with vsw-"],
    [place("vsw-hangzhou-h", "hangzhou-h"), "; write the one that begins with vsw-"],
    [place("vsw-hangzhou-h", "VSW_abc"), "; write vsw-abc"],
    [place("sg-default0001", "vsw-1"), "; this is the id of a vSwitch, write the one that begins with sg-"],
    [launch("DeploymentSetId: abc"), "; write the one that begins with ds-"],
    [place("family: web", "family: [web]"), "; write web, without the brackets or the -"],
    [launch("KeyPairName: [a, b]"), "; write one of them, not a list"],
    [inRecipe("test: [cmd]"), "; write test: { commands: [cmd] }"],
    [inRecipe("test: 'echo a, b'"), "; write test: { commands: ['echo a, b'] }"],
    [inRecipe("promote: cn-beijing"), "; write promote: { regions: [cn-beijing] }"],
    [inRecipe("retention: 5"), "; write retention: { enabled: true, keep: 5 }"],
    [inRecipe("image: [a, b]"), "; write image: { name: … }"],
    [mistakes(parseFleet, `${FLEET}limits: [10]`), "; write limits: { max: 10 }"],
    [mistakes(parseFleet, `${FLEET}limits: many`), "; write its keys below limits:"],
    [inFleet("size: 3"), "; write size: { desired: 3 }"],
    [inFleet('wake: "yes"'), "; write wake: true"],
    [builder("spot: off"), "; write spot: false"],
    [inRecipe("provision: { run: a }"), "; put - before the first key of each entry"],
    [launch("SpotStrategy: SpotAsPriceGo\nladder: spot"), "; write [spot]"],
    [launch("SystemDisk: { Category: essd }"), "; did you mean cloud_essd?"],
    [builder("systemDisk: { category: SSD }"), "; did you mean cloud_ssd?"],
    [builder("systemDisk: { category: cloud_essd, performanceLevel: 1 }"), "; did you mean PL1?"],
    [inFleet("idle: { signals: { cpuAverage: 5 } }\nonJobCompleted: stopped"), "; did you mean stop?"],
    [launch("SystemDisk: { Size: 40GB }"), "; write 40, without quotes or unit"],
    [builder("systemDisk: { sizeGb: 0.5 TiB }"), "; write 512, without quotes or unit"],
    [launch("InternetMaxBandwidthOut: 10Mbps"), "; write 10, without quotes or unit"],
    [inRecipe("pauseAfter: three"), "; write digits, such as 10"],
  ] as const) {
    expect(found, said).toHaveLength(1);
    expect(found[0]).toContain(said);
  }
  // The opposite of what is meant is no help.
  expect(launch("SpotStrategy: spot").join("")).not.toContain("did you mean");
});

test("all tags that the cloud would refuse are listed at once, whatever is wrong beside them", ({
  expect,
}) => {
  const value = "https://example.com";
  const found = inRecipe(
    `image: { tags: { "kiln:a": "${value}", "acs:b": x, aliyun: y, ok: 1, other: [z] } }`,
  );
  expect(found).toHaveLength(6);
  const list = `Tag: [{ Key: "kiln:a", Value: "${value}" }, { Key: "acs:b" }, { Value: x }, { Key: c, Value: [d] }]`;
  expect(mistakes(parseFleet, `${FLEET}  ${list}\nlimits: { max: 10 }\n`)).toHaveLength(5);
});

test("an alias hides no other mistake, and is listed once for each place", ({ expect }) => {
  for (const [line, count] of [
    ["test: *checks", 1],
    ["test: { <<: *checks }", 1],
    ["test:\n  commands: *checks", 1],
    ["provision:\n  - *one\n  - run: *two", 2],
    ["image: { name: *one, description: *two }", 2],
  ] as const) {
    const found = inRecipe(`${line}\nwrong: 1\npauseAfter: three\n`);
    expect(
      found.filter((one) => one.includes("aliases (*name)") || one.includes("must be quoted")),
      line,
    ).toHaveLength(count);
    expect(found.join("\n")).toMatch(/ wrong: is not known[^]* pauseAfter: must be a number/);
    expect(found, line).toHaveLength(count + 2);
  }
  const bomb = Array.from({ length: 300 }, (_, n) => `a${n}: [*x, *x]`).join("\n");
  expect(inRecipe(bomb).length).toBeGreaterThan(99);
});

test("a word that means true or false is written as such, also where false is left out", ({ expect }) => {
  for (const [word, truth] of [
    ["no", "false"],
    ["Off", "false"],
    ["yes", "true"],
    ["on", "true"],
  ] as const) {
    expect(inRecipe(`rebake: { nightly: ${word} }\n`)).toEqual([
      `8:20 rebake.nightly: must be true or false (it is "${word}"); write ${truth}`,
    ]);
    const [only = "", ...more] = inRecipe(`encrypt: ${word}\n`);
    expect(more).toEqual([]);
    expect(only).toContain(truth === "true" ? "write encrypt: true" : "leave it out");
  }
  expect(inRecipe("rebake: { nightly: '0 3 * * *' }\n")[0]).toContain(
    'write schedule: "0 3 * * *" at the top',
  );
});

test("the key of an object is suggested without the parts that a key may not have", ({ expect }) => {
  for (const [key, meant] of [
    ["scripts/../x.sh", "scripts/x.sh"],
    ["../../x.sh", "scripts/x.sh"],
    ["/scripts/./a/../b.sh", "scripts/a/b.sh"],
    ["oss://bucket/scripts//x.sh", "scripts/x.sh"],
    [".\\scripts\\x.sh", "scripts/x.sh"],
    ["x/..", "scripts/x"],
  ] as const) {
    const [only = "", ...more] = inRecipe(`provision: [{ script: '${key}' }]\n`);
    expect(more).toEqual([]);
    expect(only.endsWith(`; write ${meant}`), only).toBe(true);
    expect(inRecipe(`provision: [{ script: '${meant}' }]\n`)).toEqual([]);
  }
  for (const key of ["scripts/", "scripts/..", "", "  ", "/"])
    expect(inRecipe(`provision: [{ script: '${key}' }]\n`)).toEqual([
      expect.stringContaining("write scripts/ and the name of the object behind it"),
    ]);
});

test("a step that can do nothing, and a user that none can have, are refused", ({ expect }) => {
  for (const run of ["''", "'   '", '"\\n\\t"']) {
    expect(inRecipe(`provision: [{ run: ${run} }]\n`)).toEqual([
      expect.stringContaining("must not be empty"),
    ]);
    expect(inRecipe(`provision:\n  - ${run}\n`)).toEqual([expect.stringContaining("must not be empty")]);
  }
  for (const user of ["a b", " a", "a "])
    expect(inRecipe(`provision: [{ run: ls, user: '${user}' }]\n`)).toEqual([
      expect.stringContaining("must be the name of a user, without spaces"),
    ]);
});

test("a text with a parameter of a recipe that has none says where it is declared", ({ expect }) => {
  expect(inRecipe("parameters: {}\nimage: { tags: { a: '{NOPE}' } }\n")).toEqual([
    '9:22 image.tags.a: must not hold {NOPE}, which is no parameter (it is "{NOPE}"); declare it under parameters:',
  ]);
});

test("an empty key is one mistake at its line, also one that would choose or allow something", ({
  expect,
}) => {
  const remedy = "has no value; write one, or remove the line";
  const disks = "source:\n  disks: [{ type: system, snapshotId: s-0123456789abcdef0 }]\n  upload:\n";
  expect(mistakes(parseRecipe, `${disks}test: { skip: true }\n`)).toEqual([`3:3 source.upload: ${remedy}`]);
  expect(mistakes(parseRecipe, "source:\n  builder:\n")).toEqual([`2:3 source.builder: ${remedy}`]);
  for (const [lines, path] of [
    ["parameters:\n  # VERSION: {}\n", "8:1 parameters"],
    ["parameters:\n  VERSION:\n", "9:3 parameters.VERSION"],
    ["promote:\n  approval:\n", "9:3 promote.approval"],
    ["encrypt:\n", "8:1 encrypt"],
    ["schedule: ~\n", "8:11 schedule"],
    ["provision:\n  - run:\n    timeout: 5m\n", "9:5 provision[0].run"],
    ["provision:\n  - { run: env, environment: { TOKEN: } }\n", "9:32 provision[0].environment.TOKEN"],
  ])
    expect(inRecipe(lines ?? ""), lines).toEqual([`${path}: ${remedy}`]);
  expect(inRecipe("unknown:\n")).toEqual([expect.stringContaining("unknown: is not known")]);
  for (const text of ["~\n", "null\n", "# nothing\n"])
    expect(mistakes(parseRecipe, text), text).toEqual([expect.stringContaining("the document is empty")]);
  expect(inRecipe("test:\n  commands:\n  # - true\nnotify:\nprovision:\n")).toEqual([]);
});

test("what is empty, or no map at all, has its line and a remedy", ({ expect }) => {
  for (const [step, place] of [
    ["- {}", "9:5"],
    ["- { }", "9:5"],
    ["- timeout: 5m", "9:5"],
  ] as const)
    expect(inRecipe(`provision:\n  ${step}\n`)).toEqual([
      `${place} provision[0]: must have exactly one of run, script, file and reboot, has 0; write run: and a command`,
    ]);
  for (const text of ["- a\n", "[a]\n", "[]\n", "foo\n", "42\n"])
    expect(mistakes(parseRecipe, text), text).toEqual([
      expect.stringMatching(/^1:1 must be a map of keys and values.*; begin each line at the top with a key/),
    ]);
  const found = mistakes(parseRecipe, "family: web\nsource:\n  instance: { id: i-0123456789 }\n");
  expect(found).toEqual(
    ["instanceTypes: [ecs", "vSwitchIds: [vsw-", "securityGroupId: sg-"].map((like) =>
      expect.stringMatching(
        `^3:\\d+ test\\.\\w+: is missing; write ${like.replace("[", "\\[")}.* below test:`,
      ),
    ),
  );
});

test("one mistake in a name is listed once", ({ expect }) => {
  for (const [file, like] of [
    ["my recipe.yaml", "my-recipe.yaml"],
    ["web.YAML", "web.yaml"],
    ["Web.v2.YML", "web-v2.yaml"],
    ["web.v2.Json", "web-v2.yaml"],
  ] as const) {
    let problems: readonly { readonly path: string; readonly message: string }[] = [];
    try {
      parseRecipe(`recipes/${file}`, RECIPE, help);
    } catch (error) {
      problems = error instanceof DocumentError ? error.problems : [];
    }
    expect(problems).toEqual([
      expect.objectContaining({
        path: "(file name)",
        message: expect.stringMatching(`rename the file to ${like}$`),
      }),
    ]);
  }
  expect(inRecipe("components: [{ name: nginx/1.2.0 }]\n")).toEqual([
    "8:16 components[0].name: is not known; did you mean use?",
  ]);
  const upload = "source: { upload: { dataDisks: [{ name: data.raw }] } }\n";
  expect(mistakes(parseRecipe, `family: web\ntest: { skip: true }\n${upload}`)).toEqual([
    expect.stringContaining("dataDisks[0].name: is not known; did you mean file?"),
  ]);
  const idle = (fields: string): string[] => inFleet(`idle: { ${fields} }\n`);
  expect(idle("signals: { cpuAverage: 5 }, probe: { cmd: 'true' }")).toEqual([
    expect.stringContaining("idle.probe.cmd: is not known; did you mean command?"),
  ]);
  expect(idle("signals: { cpuAverage: 5 }, stopMode: KeepCharging")).toEqual([
    expect.stringContaining("idle.stopMode: is not known; did you mean stoppedMode?"),
  ]);
});

test("an entry of a list that is no command comes with the command that was meant, or with the rule only", ({
  expect,
}) => {
  for (const [found, said] of [
    [
      inRecipe("provision:\n  - <<: *d\n"),
      /^9:9 aliases .* and merge keys .* are not allowed; write the entry out$/,
    ],
    [inRecipe("provision:\n  - <<: *d\n    timeout: 5m\n"), /^9:9 aliases .*; write the entry out$/],
    [inRecipe("provision:\n  - *d\n"), /^9:5 aliases .*; write the entry out$/],
    [inRecipe("provision:\n  - [docker, info]\n"), /; write docker info$/],
    [inRecipe('provision:\n  - ["sh", "-c", "echo a: b"]\n'), /; write 'sh -c ''echo a: b'''$/],
    [inRecipe("provision:\n  - [ -f /x ]\n"), /; write '\[ -f \/x \]'$/],
    [inRecipe("provision:\n  - - echo\n"), /; write one - before a command, not two$/],
    [inRecipe("provision: [{ run: [docker, info] }]\n"), /; write docker info$/],
  ] as const) {
    expect(found, String(said)).toHaveLength(1);
    expect(found[0]).toMatch(said);
  }
});

test("a list, a map or a switch comes as it was meant", ({ expect }) => {
  const launch = (line: string): string[] => mistakes(parseFleet, `${FLEET}  ${line}\nlimits: { max: 10 }\n`);
  for (const [found, said] of [
    [inRecipe("provision: echo a, b\n"), /; write \['echo a, b'\]$/],
    [inRecipe("provision: 'curl -H \"A: b\" http://x'\n"), /; write \['curl -H "A: b" http:\/\/x'\]$/],
    [inRecipe('provision: curl -H "A: b" http://x\n'), /; write provision: \['curl -H "A: b" http:\/\/x'\]$/],
    [inFleet('schedule: "0 8 * * *"\n'), /; write a list of maps, such as schedule: \[\{ days: /],
    [inRecipe("provision:\n  - reboot: yes\n"), /; write true$/],
    [inRecipe("provision:\n  - reboot: no\n"), /; remove the step for no reboot$/],
    [inRecipe("provision:\n  - yum install a\n    timeout: 5m\n"), /^9:5 .*; write run: yum install a$/],
    [inRecipe("provision:\n  - a\n    timeout: 5m\n    retries: 2\n  - b\n"), /^9:5 .*; write run: a$/],
    [inRecipe("promote: { regions: 'cn-beijing, cn-shanghai' }\n"), /; write \[cn-beijing, cn-shanghai\]$/],
    [
      mistakes(parseRecipe, RECIPE.replace("[ecs.g7.large]", "ecs.g7.large,ecs.c7.large")),
      /; write \[ecs\.g7\.large, ecs\.c7\.large\]$/,
    ],
    [launch("Tag: { team: web }"), /; write Tag: \[\{ Key: team, Value: web \}\]$/],
    [inFleet("size: { min: 1 }\nhealth: curl localhost\n"), /; write health: \{ command: curl localhost \}$/],
  ] as const) {
    expect(found, String(said)).toHaveLength(1);
    expect(found[0]).toMatch(said);
  }
});

test("a key behind a space that is none is not missing as well", ({ expect }) => {
  const text = RECIPE.replace("family: web", "\u3000family: web\ntest: { commands: [a] }");
  expect(mistakes(parseRecipe, text)).toEqual([
    expect.stringMatching(
      /^7:1 .*begins with the invisible ideographic space .*; write family: behind ordinary/,
    ),
  ]);
});

test("no number is guessed, and none of several words that fit as well", ({ expect }) => {
  for (const platform of ["windows", "Windows 10"])
    expect(inRecipe(`image: { platform: ${platform} }\n`).join("")).not.toContain("did you mean");
  expect(inRecipe("image: { platform: Centos 7 }\n")[0]).toContain("did you mean CentOS?");
  expect(inRecipe("famliy: x\n")).toEqual([
    "8:1 famliy: is not known, and family is already set; keep one of the two",
  ]);
});

test("tabs, wherever they stand, are named and hide nothing", ({ expect }) => {
  const tabs = (...lines: readonly number[]): readonly string[] =>
    lines.map((line) => `${line}:1 a tab is used for indentation; use spaces`);
  for (const [lines = "", ...found] of [
    ["provision:\t[a]", "8:11 a tab stands behind the colon of provision; write a space"],
    ["image:\t{ version: xx }", "8:7 a tab stands behind the colon of image; write a space"],
    ["provision:\n  -\trun: a", "9:4 a tab stands behind the -; write a space"],
    ["whenBusy: queue\n\tnotify: ops", ...tabs(9)],
    ["test:\n  commands: [a]\n\ttimeout: 10m", ...tabs(10)],
    [
      "test:\n\tcommands:\n\t\t- run: |\n\t\t\t\techo a\n\t\t\t\techo b\n\ttimeout: 10m",
      ...tabs(9, 10, 11, 12, 13),
    ],
    ["test:\n    commands:\n\t\t- a\n\t\t- b", ...tabs(10, 11)],
    ["notify: [ops,\n\tteam]", ...tabs(9)],
  ]) {
    const end = `${lines.split("\n").length + 8}:1 famliy: is not known, and family is already set; keep one of the two`;
    expect(inRecipe(`${lines}\nfamliy: x\n`), lines).toEqual([...found, end]);
  }
});

test("two entries of a list that are one text are a mistake at the second", ({ expect }) => {
  for (const [lines, ...places] of [
    ["  - a\n   - b\n", "10:4"],
    ["  - a\n     - b\n  - c\n", "10:6"],
    ["  - a\n   - b\n   - c\n", "10:4", "11:4"],
  ])
    expect(inRecipe(`provision:\n${lines}`), lines).toEqual(
      places.map((place) =>
        expect.stringMatching(`^${place} the - stands further to the right .*begin it exactly below`),
      ),
    );
  expect(inRecipe("provision:\n  - echo a\n    -b\n  - |\n    cat <<E\n      - a\n    E\n")).toEqual([]);
  expect(inRecipe("description: a list\n  - of b\n")).toEqual([]);
});

test("a limit that is written counts, also one that is as long as the default", ({ expect }) => {
  const tested = (command: string): string[] => inRecipe(`test: { timeout: 5m, commands: [${command}] }\n`);
  expect(tested("{ run: a, timeout: 10m }")).toEqual([
    expect.stringContaining("must be at most test.timeout"),
  ]);
  expect(tested("{ run: a, timeout: 5m }, a, { run: b }")).toEqual([]);
});

test("a key that belongs elsewhere is explained in any style, and nothing is missing besides", ({
  expect,
}) => {
  const launch = (key: string): string[] =>
    mistakes(parseFleet, `${FLEET}  ${key}: 1\nlimits: { max: 10 }\n`);
  for (const [said = "", ...keys] of [
    ["decides; remove it", "ImageId", "imageId", "image_id", "Image", "image", "imageFamily"],
    ["POST says how many", "Amount", "amount", "Count", "count", "MaxAmount", "max_amount"],
    ["must never stand in a document", "Password", "password", "PASSWORD"],
    ["the region is the deployment's", "regionId", "region_id"],
  ])
    for (const key of keys)
      expect(launch(key), key).toEqual([expect.stringMatching(`launch\\.${key}: .*${said}`)]);
  for (const [lines = "", said = ""] of [
    ["env: { A: b }", "write it in a step, beside run:"],
    ["name: web", "write the name of its images under image:"],
    ["timeout: 5m", "write it in a step, beside run:, or under test:"],
    ["instanceTypes: [a]", "write it under source.builder:"],
    ["test: { cmds: [a] }", "did you mean commands?"],
    ["notify: [{ channel: ops, events: fail }]", "did you mean failed?"],
    ["notify: [{ channel: ops, events: success }]", "write baked for an image that is made, or promoted"],
    ["parameters: { A: x }", "must be a map; write the value in it, { default: … }"],
  ])
    expect(inRecipe(`${lines}\n`), lines).toEqual([expect.stringContaining(said)]);
});

test("a key or a time of a fleet that is almost right comes with the right one", ({ expect }) => {
  const sized =
    "size: { min: 1 }\ncalendar: { timeZone: Asia/Shanghai }\nschedule: [{ days: daily, to: '20:00', min: 2";
  const upDuring = "idle: { upDuring: { timeZone: UTC, hours: [daily 08:00-20:00]";
  for (const [lines = "", said = ""] of [
    ["timeZone: Asia/Shanghai", "write it under calendar:"],
    ["holidays: [2026-10-01]", "write it under calendar:"],
    ["idle: { signals: { cpuAverage: 5 }, timeZone: UTC }", "write it under upDuring:"],
    ["idle: { signals: { cpuAverage: 5 }, hours: [daily 08:00-20:00] }", "write it under upDuring:"],
    ...["holidays", "workdays"].map((key) => [
      `${upDuring}, ${key}: [2026-10-01] } }`,
      "write it under calendar:",
    ]),
    ...["off", "publicHolidays", "except", "exceptions", "skip"].map((key) => [
      `${upDuring}, ${key}: [2026-10-01] } }`,
      `upDuring.${key}: is not known; write it under calendar:, as holidays`,
    ]),
    [`${upDuring}, on: [2026-10-10] } }`, "write it under calendar:, as workdays"],
    ["size: { min: 1 }\nhealth: { cmd: curl localhost }", "did you mean command?"],
    [`${sized}, from: 8:00 }]`, 'write "08:00"'],
    [`${sized}, from: 8 }]`, 'write "08:00"'],
    [`${sized.replace("daily", "monday to friday")}, from: '08:00' }]`, "write Mon-Fri"],
  ])
    expect(inFleet(`${lines}\n`), lines).toEqual([expect.stringContaining(said)]);
  const least = FLEET.replace("launch:\n", "launch:\n  MinAmount: 2\n");
  expect(mistakes(parseFleet, `${least}limits: { max: 1 }\n`).join()).toContain('write "min" in the POST');
});

test("a block that is indented too far or too little is one mistake", ({ expect }) => {
  const nested = RECIPE.replace("family: web", "  provision: [a]\nfamily: web");
  expect(mistakes(parseRecipe, nested)).toEqual([
    "7:3 source.provision: stands too far to the right; begin it at the left margin, like source:",
  ]);
  expect(mistakes(parseRecipe, "builder: {}\nfamily: web\n")).toEqual([
    "1:1 builder: is not known; write it under source:",
  ]);
});

test("keys at the column of the one that they belong to are one mistake, at the first of them", ({
  expect,
}) => {
  for (const [lines, ...said] of [
    [
      "test:\ntimeout: 10m\ncommands: [a]\n",
      "8:1 timeout: belongs below test:, and stands at the same column; indent it and the next key by",
    ],
    [
      "promote:\nregions: [cn-beijing]\n",
      "8:1 regions: belongs below promote:, and stands at the same column; indent it by",
    ],
    [
      "retention:\nkeep: 500\nenabled: true\n",
      "8:1 keep: belongs below retention:",
      "8:7 keep: must be a whole number from 1 to 100",
    ],
    [
      "promote:\nregions: [cn-beijing]\nother: 1\n",
      "8:1 regions: belongs below promote:",
      "9:1 other: is not known",
    ],
  ] as const)
    expect(
      inRecipe(lines).map((one) => one.replace(/^(\d+)/, (line) => String(Number(line) - 1))),
      lines,
    ).toEqual(said.map((one) => expect.stringContaining(one)));
  const outdented = RECIPE.replace(/^ {4}/gm, "  ");
  expect(mistakes(parseRecipe, outdented)).toEqual([
    "3:3 source.family: belongs below builder:, and stands at the same column; indent it and the next 3 keys by two spaces",
  ]);
  expect(mistakes(parseRecipe, RECIPE.replace("  builder", "builder"))).toEqual([
    "2:1 builder: belongs below source:, and stands at the same column; indent it by two spaces",
  ]);
  for (const [lines, key] of [
    ["idle:\nsignals: { cpuAverage: 5 }\n", "signals: belongs below idle:"],
    ["size:\nmin: 1\n", "min: belongs below size:"],
  ] as const)
    expect(inFleet(lines)).toEqual([expect.stringContaining(key)]);
});

test("a value that breaks several limits is one mistake", ({ expect }) => {
  for (const text of [
    `${SOUND_FLEET}idle: { signals: { diskRead: -1 } }\n`,
    `${FLEET}limits: { max: -1.5 }\n`,
    `${SOUND_FLEET}size: {}\ncalendar: { timeZone: UTC }\nschedule: [{ cron: "0 8 * * *", desired: 3 }]\n`,
  ])
    expect(mistakes(parseFleet, text), text).toHaveLength(1);
});

/** A text, and what is said of it. */
const SLIPS: readonly (readonly [string, ...string[]])[] = [
  ["provision:\n  - run: |\n    echo a\n    echo b: c\n  - echo b\n", "10:5 the text below | begins"],
  [
    "provision:\n  - run: |\n    if true; then\n      echo c\n    fi\n    timeout: 20min\n",
    "10:5 the text below | begins",
    "13:14 provision[0].timeout: must be a duration",
  ],
  ["provision:\n  - name: x\n    run: |\n  echo a\n  echo b\n", "11:3 the text below | begins"],
  [
    "promote:\n  regions: [cn-beijing\n  verify: true\n",
    "9:12 the [ that opens",
    "10:3 promote.verify: is not known",
  ],
  ['description: "web\nwhenBusy: quue\n', '8:14 the " that opens', "9:11 whenBusy: must be"],
  [
    "provision:\n  - run: \"echo\n  - echo it's\n",
    '9:10 the " that opens',
    "10:12 provision[1].run: has a '",
  ],
  ["test:\n   commands: [a]\n  timeout: 10m\n", "10:3 the line is indented differently"],
  [
    "provision:\n  - run: a\n   timeout: 5m\n  - name: b\n",
    "10:4 the line is indented",
    "11:5 provision[1]: must have",
  ],
  ["provision:\n  - echo a\n - echo b\n", "10:2 the line is indented differently"],
  ["image: {{ x }}\n", "8:8 a text that begins with { must be quoted"],
  ["image: !ref x\n", "8:8 tags (!name) are not allowed"],
  ["test: ＃ 测试\n  commands: [a]\n", "8:7 the mark before the comment is the full-width ＃"],
  ["provision: # 安装\n  ＃ 测试\n  - a\n", "9:3 the mark before the comment is the full-width ＃"],
  // Habits of other notations.
  ["// comment\nprovision: [a]\n", "8:1 a comment begins with #, and not with //"],
  ["provision:\n  // comment\n  - a\n", "9:3 a comment begins with #, and not with //"],
  ["provision: // comment\n  - a\n", "8:12 a comment begins with #, and not with //"],
  ["test: -- comment\n  commands: [a]\n", "8:7 a comment begins with #, and not with --"],
  ["provision: [a]\n-- comment\n", "9:1 a comment begins with #, and not with --"],
  ["provision: [a]\n/* one\n * two\n */\n", "9:1 a comment begins with #, and not with /*"],
  ["provision: [a]\n/* one */\n", "9:1 a comment begins with #, and not with /*"],
  ["<!-- one -->\nprovision: [a]\n", "8:1 a comment begins with #, and not with <!--"],
  ["; one\nprovision: [a]\n", "8:1 a comment begins with #, and not with ;"],
  ["retention: { keep: 3 } // comment\n", "8:24 a comment begins with #, and not with //"],
  ["pauseAfter: 3 // comment\n", "8:15 a comment begins with #, and not with //"],
  [
    "provision: [a]\n<<<<<<< HEAD\npauseAfter: 3\n=======\npauseAfter: 4\n>>>>>>> main\n",
    "9:1 a merge in Git left both versions",
  ],
  [
    "rebake = { nightly = false, onChange = true }\n",
    "8:7 a key needs a colon and a space; write rebake: { nightly: false",
  ],
  ["promote = [1]\n", "8:8 a key needs a colon", "8:1 promote: must be a map"],
  [
    "retention = {\n  keep = 3\n  enabled = true\n}\n",
    "8:10 a key needs a colon and a space; write retention: and the keys below",
  ],
  [
    "retention {\n  keep = 3\n}\n",
    "8:10 a key needs a colon and a space; write retention: and the keys below",
  ],
];

test("a slip hides no other mistake: the text is read on as it was meant, or without the block that cannot be read", ({
  expect,
}) => {
  const famly = "famly: is not known";
  for (const [text, ...found] of SLIPS) {
    const before = problemsWith(parseRecipe, `${RECIPE}${text}famly: x\nzzz: { commandz: [a] }\n`).map(
      ({ path, message, place }) => `${place?.line}:${place?.column} ${path && `${path}: `}${message}`,
    );
    expect(before.slice(0, -2), text).toEqual(found.map((one) => expect.stringContaining(one)));
    expect(before.at(-2), text).toContain(famly);
    expect(before.at(-1), text).toContain("zzz: is not known");
  }
  const json = `{ "family": "web", // comment\n  // more\n  "launch": {},\n  // last\n  "os": "linux" }`;
  expect(listed(parseFleet, json)).toEqual(
    [
      "1:20 a comment begins",
      "launch.SecurityGroupId",
      "launch.VSwitchId",
      "launch.InstanceType",
      "4:3 a comment begins",
      "limits: is missing",
    ].map((one) => expect.stringContaining(one)),
  );
});

test("every suggestion above, followed to the letter, leaves one mistake fewer and makes no new one", ({
  expect,
}) => {
  const bare = (parse: Parse, text: string): string[] =>
    problemsWith(parse, text).map(({ path, message }) => `${path}: ${message.split("; ", 1)[0]}`);
  const wrong: string[] = [];
  let count = 0;
  for (const [text, parse] of table) {
    const before = problemsWith(parse, text);
    for (const [index, problem] of before.entries()) {
      const texts = followed(text, problem);
      if (texts.length === 0) continue;
      count++;
      const left = bare(parse, text).toSpliced(index, 1).join("\n");
      if (!texts.some((one) => bare(parse, one).join("\n") === left)) wrong.push(`${text}${problem.message}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(100);
});
