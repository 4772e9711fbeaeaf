/** A sentence for a record quotes no command, script, address or user data, and names every field. */
import { describe, test } from "vitest";
import { explanations } from "../../../shared/documents/explanations.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { help } from "../../../shared/documents/help.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { factsOf } from "../../../functions/janitor/documents/facts.ts";
import { channelsIn } from "../../../functions/janitor/documents/channels.ts";
import { FLEET, RECIPE } from "./problems-of.ts";
import { saidOf } from "../../support/refused-text.ts";

/** No shape and no name gives it away. */
const CANARY = "canary";

const COMMANDS = [
  `curl -X POST https://hooks.example.com/services/T00/B00/${CANARY} -d x`,
  `curl https://open.example.com/open-apis/bot/v2/hook/${CANARY}`,
  `curl https://oapi.example.com/robot/send?access_token=${CANARY}`,
  `vault login ${CANARY}`,
  `useradd -p ${CANARY} bob`,
  `openssl enc -k ${CANARY} -in x`,
  `smbclient -U me%${CANARY} //h/x`,
  `ldapsearch -w ${CANARY} -b x`,
  `mc alias set m http://h user ${CANARY}`,
  `echo "${CANARY}" | base64 -d > key.pem`,
  `cloudflared service install ${CANARY}`,
  `rabbitmqctl add_user a ${CANARY}`,
  `kubectl create secret generic a --from-literal=k=${CANARY}`,
  `sed -i s/PASSWORD/${CANARY}/ a`,
  `sh install.sh ${CANARY}`,
];

const json = (text: string): string => JSON.stringify(text);

/** Documents with a text in a place that is wrong, or in a line that cannot be read. */
const AROUND: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `${RECIPE}${text}\n`,
  (text) => `${RECIPE}${text}: x\n`,
  (text) => `${RECIPE}${text} a: b: c\n`,
  (text) => `${RECIPE}\t${text}\n`,
  (text) => `${RECIPE}notify: ${json(text)}\n`,
  (text) => `${RECIPE}notify: { channel: ${json(text)} }\n`,
  (text) => `${RECIPE}description：${text}\n`,
  (text) => `${RECIPE}description: ${json(`http://${text}`)}\n`,
  (text) => `${RECIPE}description: ${json(`“${text}”`)}\n`,
  (text) => `${RECIPE}provision: ${text}\n`,
  (text) => `${RECIPE}test: ${json(text)}\n`,
  ...[
    (text: string) => `${text} a: b`,
    (text: string) => `{ run: ${text} }, x`,
    (text: string) => `[ ${text} ] && x`,
    (text: string) => `run：${text}`,
    (text: string) => `run：\n      ${text}`,
    (text: string) => `run:${text}`,
    (text: string) => `＂${text}＂`,
    (text: string) => `run: ＂${text} a: b＂`,
    (text: string) => `＃ ${text}`,
    (text: string) => `*${text}`,
    (text: string) => `!${text}`,
    (text: string) => `"x" ${text}`,
    (text: string) => `{ script: ${json(text)} }`,
    (text: string) => `{ runn: ${json(text)} }`,
    (text: string) => `{ run: [${json(text)}] }`,
    (text: string) =>
      `{ run: "true", shell: ${json(text)}, user: ${json(`a ${text}`)}, workingDir: ${json(text)} }`,
    (text: string) => `{ run: "true", timeout: ${json(`5 ${text}`)} }`,
    (text: string) => `{ run: "true", environment: [${json(text)}] }`,
    (text: string) => `{ run: "true", environment: { ${json(text)}: [x] } }`,
    (text: string) => `run: ｜\n      ${text}\n    timeout: x`,
    (text: string) => `${text}\n    timeout: 5m`,
    (text: string) => `run:\t[${text}\n`,
    (text: string) => `{ run: ${json(`"${text} #x`)} }`,
  ].flatMap((entry) =>
    ["provision:\n", "test:\n    commands:\n"].map(
      (list) => (text: string) => `${RECIPE}${list}  - ${entry(text)}\n`,
    ),
  ),
  (text) =>
    `${RECIPE}image: { name: ${json(`{${text}}`)}, tags: { a: [${json(text)}], b: ${json(`aliyun ${text}`)}, ${json(text.repeat(9))}: x } }\n`,
  (text) => `${RECIPE}parameters: { A: { default: [${json(text)}], pattern: ${json(text)} } }\n`,
  (text) => `${FLEET}limits: ${json(text)}\n`,
  (text) => `${FLEET}limits: { max: ${json(`5 ${text}`)} }\n`,
  (text) => FLEET.replace("launch:", `launch:\n  UserData: { text: [${json(text)}] }`),
  (text) => FLEET.replace("launch:", `launch:\n  UserData: ${json(`${text}\0`)}`),
  (text) => FLEET.replace("launch:", `launch:\n  Tag: { team: ${json(text)} }`),
  (text) => `${RECIPE}inputs: ${json(text)}\n`,
  () => `${RECIPE}test: { vSwitchIds: "vsw-a, https://h/hook/${CANARY}" }\n`,
  (text) => `${RECIPE}notify: [${json(`a, ${text}`)}]\n`,
  (text) =>
    FLEET.replace(
      "launch:",
      `launch:\n  Tag: [{ Key: ${json(text)}, Value: [${json(text)}] }]\n  Description: ${json(`http://${text}`)}`,
    ),
];

test("no sentence for a record quotes a command, an address or user data, with explanations and without", ({
  expect,
}) => {
  const shown: unknown[] = [];
  for (const [index, around] of AROUND.entries()) {
    const text = around(COMMANDS[index % COMMANDS.length] ?? "");
    const parse = text.includes("launch:") ? parseFleet : parseRecipe;
    for (const explain of [explanations, undefined]) {
      const all = saidOf(() => parse("web", text, explain));
      if (all.includes(CANARY)) shown.push([explain !== undefined, text, all]);
    }
  }
  expect(shown).toEqual([]);
});

test("the index of a document has these sentences, with their lines", ({ expect }) => {
  const text = `${RECIPE}provision:\n  - curl https://h/hook/${CANARY} -H Host: x\ninputz: [a]\n`;
  const { problem = "" } = factsOf("recipes", { key: "recipes/web.yaml", text, stage: "" });
  expect(problem).toContain("line 9, provision[0]: a command that contains");
  expect(problem).toContain("line 10, inputz: is not known; did you mean inputs?");
  expect(problem).not.toContain(CANARY);
});

test("an address where the name of a channel belongs is not taken apart into names", ({ expect }) => {
  for (const lines of [`notify: https://h/hook/${CANARY}-a`, `notify: [{ channel: "https://h/${CANARY}" }`])
    expect(channelsIn(`${lines}\n`)).toEqual([]);
});

describe("values of fields that hold no secret stay in records", () => {
  for (const [lines, sentence] of [
    [
      "test: { timeout: 20min }",
      'test.timeout: must be a duration such as 90s, 10m, 2h or 7d (it is "20min"); write 20m',
    ],
    ["whenBusy: qeue", 'whenBusy: must be refuse or queue (it is "qeue"); did you mean queue?'],
    ["retention: { keep: 1000 }", "retention.keep: must be a whole number from 1 to 100 (it is 1000)"],
    ["test: { vSwitchIds: [sg-1] }", "this is the id of a security group"],
  ] as const)
    test(`in ${lines}`, ({ expect }) => {
      expect(saidOf(() => parseRecipe("web", `${RECIPE}${lines}\n`, explanations))).toContain(sentence);
    });
});

test("names of fields and Kiln's own words are never hidden, whatever a secret text holds", ({ expect }) => {
  const words = "# raise limits for the family: write max, is missing, did you mean instances";
  const fleet = `launch:
  InstanceType: ecs.g7.large
  VSwitchId: vsw-hangzhou-h
  SecurityGroupId: sg-hangzhou
  UserData: |
    #!/bin/sh
    ${words}
famly: web
`;
  const recipe = `${RECIPE}provision:
  - run: "true"
    environment: { STEPS: "provision test promote known here are", KIND: family }
promot: { approval: true }
`;
  for (const explain of [help, explanations]) {
    const shown = saidOf(() => parseFleet("web", fleet, explain));
    expect(shown).toContain("limits: is missing; write limits: { max: 10 }");
    expect(shown).toContain("famly: is not known; did you mean family?");
    expect(saidOf(() => parseRecipe("web", recipe, explain))).toContain(
      "promot: is not known; did you mean promote?",
    );
  }
});

test("the name of a field is shown, whatever digits it has", ({ expect }) => {
  for (const [line, shown] of [
    ['Ipv6Address: ["2001::1"]', "launch.Ipv6Address: "],
    ["Ipv6AddressCount: many", "launch.Ipv6AddressCount: "],
    ["NetworkInterface: [{ Ipv6Address: [x] }]", "launch.NetworkInterface[0].Ipv6Address[0]: "],
    ["Ipv6Adress: [x]", "launch.Ipv6Adress: "],
    ["Ipv6AddressCount：1", "the colon behind Ipv6AddressCount is"],
  ] as const) {
    const text = `${FLEET}  ${line}\nlimits: { max: 2 }\n`;
    expect(
      saidOf(() => parseFleet("web", text, explanations)),
      line,
    ).toContain(shown);
  }
});
