import { test } from "vitest";
import { explanations } from "../../../shared/documents/explanations.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { dottedLines } from "../../../shared/documents/hidden-values.ts";
import { help } from "../../../shared/documents/help.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { shownLine } from "../../../shared/ephemeral-instance/shown-line.ts";
import { RECIPE } from "./problems-of.ts";
import { saidOf } from "../../support/refused-text.ts";

const SECRET = "hunter2-s3cr3t-value";

const recipe = (step: readonly string[]): string =>
  [
    "source: { instance: i-0123456789abcdef0 }",
    "family: web",
    "provision:",
    "  - run: echo",
    ...step.map((line) => `    ${line}`),
    "wrong: 1",
  ].join("\n");

const fleet = (lines: readonly string[]): string =>
  ["launch:", "  InstanceType: ecs.g7.large", ...lines.map((line) => `  ${line}`), "wrong: 1"].join("\n");

/** Ways to write a name and its value, most of them wrong. */
const PAIRS = [
  (name: string, value: string) => `${name}：${value}`,
  (name: string, value: string) => `${name}:${value}`,
  (name: string, value: string) => `${name}:\u00a0${value}`,
  (name: string, value: string) => `${name}=${value}`,
  (name: string, value: string) => `${name} ${value}`,
  (name: string, value: string) => `${name}: @${value}`,
  (name: string, value: string) => `${name}: *${value}`,
  (name: string, value: string) => `${name}: &${value} x`,
  (name: string, value: string) => `${name}: !${value} x`,
  (name: string, value: string) => `${name}: a: ${value}`,
  (name: string, value: string) => `${name}: ${value}: b`,
  (name: string, value: string) => `${name}: "x" ${value}`,
  (name: string, value: string) => `${name}: "${value}`,
  (name: string, value: string) => `${name}: “${value}”`,
  (name: string, value: string) => `${name}: [${value}]`,
  (name: string, value: string) => `${name}: { ${value}: 1 }`,
  (name: string, value: string) => `${name}: { A：${value} }`,
  (name: string, value: string) => `${name}: {${value}}`,
  (name: string, value: string) => `- ${name}: ${value}`,
  (name: string, value: string) => `- ${name}=${value}`,
  (name: string, value: string) => `- ${name}：${value}`,
  (name: string, value: string) => `-${name}=${value}`,
  (name: string, value: string) => `"${value}": ${name}`,
  (name: string, value: string) => `${value}：${name}`,
  (name: string, value: string) => `\t${name}: ${value}`,
  (name: string, value: string) => `\u3000${name}：${value}`,
  (name: string, value: string) => `${name}: |${value}`,
  (name: string, value: string) => `${name}: ${value.repeat(8)}`,
  (name: string, value: string) => `${name}： ${value}－１`,
] as const;
const NAMES = ["TOKEN", "lower"];
const ABOVE = [
  "environment:",
  "environment：",
  "enviroment:",
  "env:",
  "environment: |x",
  "Environment:",
  "environment :",
];

const IN_RECIPES = PAIRS.flatMap((pair) =>
  NAMES.flatMap((name) => [
    ...ABOVE.map((above) => recipe([above, `  ${pair(name, SECRET)}`])),
    recipe([`environment: ${pair(name, SECRET)}`]),
    recipe([`environment: { ${pair(name, SECRET)} }`]),
    recipe([`environment：{ ${pair(name, SECRET)} }`]),
    recipe([`environment: [${pair(name, SECRET)}]`]),
  ]),
);
const JSON_RECIPES = [
  { environment: { [SECRET]: "x" } },
  { environment: [`TOKEN=${SECRET}`] },
  { environment: SECRET },
  { env: { TOKEN: SECRET } },
  { environment: { TOKEN: [SECRET] } },
].flatMap((step) => {
  const text = JSON.stringify({ provision: [{ run: "echo", ...step }], wrong: 1 });
  return [text, JSON.stringify(JSON.parse(text), null, 2), text.slice(0, -3), text.replaceAll(":", "：")];
});
const IN_FLEETS = PAIRS.slice(0, 18).flatMap((pair) =>
  ["Password", "password", "AccessKeySecret", "api_key"].map((name) => fleet([pair(name, SECRET)])),
);

test("no message quotes a secret, however it is written", ({ expect }) => {
  const shown: string[] = [];
  for (const more of [help, undefined])
    for (const text of [...IN_RECIPES, ...JSON_RECIPES])
      if (saidOf(() => parseRecipe("web", text, more)).includes(SECRET)) shown.push(text);
  for (const text of IN_FLEETS)
    if (saidOf(() => parseFleet("web", text, help)).includes(SECRET)) shown.push(text);
  expect(shown).toEqual([]);
});

test("a text of very many values and problems is read in time", ({ expect }) => {
  const many = Array.from({ length: 3000 }, (_, index) => `      ${SECRET}-${index}: ${SECRET}-${index}`);
  const text = recipe(["environment:", ...many, ...many.map((line) => line.slice(2))]);
  expect(saidOf(() => parseRecipe("web", text, help))).not.toContain(SECRET);
  expect(
    saidOf(() => parseRecipe("web", `TOKEN: ${"x".repeat(40_000)} ${"y:".repeat(20_000)}`, help)),
  ).not.toBe("");
});

test("a message names the key, and what else is wrong", ({ expect }) => {
  const text = saidOf(() => parseRecipe("web", recipe(["environment:", `  TOKEN：${SECRET}`]), help));
  expect(text).toContain("write TOKEN: and a space before its value");
  expect(text).toContain("wrong: is not known");
});

test("in brackets only values are hidden: keys, and values of other keys, stay", ({ expect }) => {
  for (const [step, ...shown] of [
    [
      `{ run: echo, environment: { TOKEN: ${SECRET}, B: x }, timeout: abc }`,
      "[0].timeout: must be a duration",
      '(it is "abc")',
    ],
    [
      `{ run: echo, env: { TOKEN: ${SECRET} }, timeout: abc }`,
      "provision[0].env: is not known",
      '(it is "abc")',
    ],
    [
      `{run: echo, environment: {TOKEN: [${SECRET}, { family: provision }]}, workdir: /x}`,
      "provision[0].workdir: is not known",
    ],
    [
      `{ run: echo, environment: { TOKEN: "a}, ${SECRET}" }, timout: 5m }`,
      "provision[0].timout: is not known",
    ],
    [
      `{ run: echo, environment: { TOKEN: it's ${SECRET} }, timout: 5m }`,
      "provision[0].timout: is not known",
    ],
  ] as const) {
    const text = saidOf(() => parseRecipe("web", `family: web\nprovision:\n  - ${step}\n`, help));
    for (const part of shown) expect(text, step).toContain(part);
    expect(text).not.toContain(SECRET);
  }
});

/** A line as records of failed commands and the author's terminal show it. */
const shown = (line: string): string => shownLine(line, 500);

/** With ? for the secret. */
const COMMANDS = [
  "curl -u ? a: b",
  "curl --user ? a: b",
  "curl -u? a: b",
  "curl -H Cookie:?",
  'curl --header "X-Any:?" a: b',
  "git clone https://?@host/x a: b",
  "mysql -p? a: b",
  "sshpass -p ? ssh a: b",
  "docker login -u bob -p ? a: b",
  "redis-cli -p ? -a ? ping: x",
  "useradd -m -p ? bob: x",
  "usermod -p ? bob",
  "zip -r -P ? a.zip x: y",
  "unzip -P ? a.zip",
  "openssl enc -d -k ? -in /etc/x",
  "openssl rsa -passin ? -in /etc/x",
  "ldapadd -x -D cn=admin -w ? -f x: y",
  "ldapsearch -w ? x",
  "vault login ? x",
  "net user admin ? /add: x",
  "htpasswd -bc /etc/f ?",
  "htpasswd -b -c /etc/f ?",
  "keytool -storepass ? -list",
  "tool --password ? a: b",
  "aliyun configure set --access-key-id ? --access-key-secret ? x",
  "printf ? | passwd --stdin root",
  "echo -n ? | sudo -S true",
  "echo ? | docker login --password-stdin x",
  "export GITHUB_TOKEN=?",
];

test("credentials of commands and addresses are hidden, and all of the command around them stays", ({
  expect,
}) => {
  for (const command of COMMANDS)
    for (const secret of [SECRET, "Hunter22"]) {
      const fill = command.startsWith("printf")
        ? `"%s" ${secret}`
        : command.includes("htpasswd")
          ? `bob ${secret}`
          : secret;
      const user = /curl -u|--user/.test(command) ? `bob:${fill}` : fill;
      const line = command.replaceAll("?", () => user);
      const text = shown(line);
      expect(text, line).not.toContain(secret);
      expect(text.replaceAll("[hidden]", "?"), line).toBe(command);
    }
  // A colon behind a secret makes no name of it.
  for (const line of [
    `export TOKEN=${SECRET}: x`,
    `vault login ${SECRET}: x`,
    `wget http://h/x?a=${SECRET}: x`,
  ])
    expect(shown(line), line).not.toContain(SECRET);
});

test("in the line above a caret each hidden character is a dot, and every column stays", ({ expect }) => {
  for (const command of COMMANDS) {
    const secret = command.startsWith("htpasswd") ? `bob ${SECRET}` : SECRET;
    const entry = `  - ${command.replaceAll("?", () => (/curl -u|--user/.test(command) ? `b:${secret}` : secret))}`;
    const [, line = "", ...more] = dottedLines(`provision:\n${entry}\n`);
    expect(line, entry).not.toContain(SECRET);
    expect(line, entry).toHaveLength(entry.length);
    expect(line.replaceAll(/•+/g, "?"), entry).toBe(`  - ${command}`);
    expect(more).toEqual([""]);
  }
});

test("options of the same letters, and words that only look like these programs, stay", ({ expect }) => {
  for (const line of [
    "curl -H Host: x http://h",
    "mkdir -p /etc/nginx/conf.d",
    "cp -P a.conf /etc/b.conf",
    "sort -k 2,2n /etc/hosts",
    "tar -w -f archive.tar",
    "passwd --stdin root",
    "printf done | tee /etc/motd",
    "htpasswd -D /etc/passwords",
    "useradd -m webuser",
  ])
    expect(shown(line), line).toBe(line);
});

test("a remedy that would say [hidden] is left out: followed to the letter it means something else", ({
  expect,
}) => {
  for (const entry of [
    `mysql -p${SECRET} -e a: b`,
    `"zip -P ${SECRET} a.zip \\w"`,
    `run: vault login ${SECRET}: x`,
    `@vault login ${SECRET}`,
    `- vault login ${SECRET}`,
    `[mysql, -p${SECRET}]`,
  ]) {
    const text = saidOf(() => parseRecipe("web", `${RECIPE}provision:\n  - ${entry}\n`, help));
    expect(text, entry).toMatch(/^web has one problem/);
    expect(text, entry).not.toMatch(/\[hidden\]|hunter2/);
  }
});

test("in records the colon behind a key is named, with the key and without the value", ({ expect }) => {
  for (const line of ["family：web", "family:web", "family = web", "family：", "test: { commands：[a] }"]) {
    const text = saidOf(() =>
      parseRecipe("web", `${RECIPE.replace(/^family.*\n/m, "")}${line}\n`, explanations),
    );
    expect(text, line).not.toContain("[hidden]");
    if (/web/.test(line)) expect(text, line).toContain("; write family: and a space before its value");
  }
});

test("the address of a hook and the bytes of user data are hidden", ({ expect }) => {
  const hook = `https://chat.example.com/hook/${SECRET}`;
  for (const lines of [
    `notify: ${hook}`,
    `notify: [${hook}]`,
    `notify: [{ channel: "${hook}" }]`,
    `notify:\n  - ${hook}`,
    `notify:\n  - channel: ${hook}\n    events: [nothing]`,
    `webhook: ${hook}`,
  ])
    expect(
      saidOf(() => parseRecipe("web", `family: web\n${lines}\n`, help)),
      lines,
    ).not.toContain(SECRET);
  for (const data of [
    `{ base64: "${SECRET}!!" }`,
    `{ text: [${SECRET}] }`,
    `[${SECRET}]`,
    `{ objekt: ${SECRET} }`,
  ])
    expect(
      saidOf(() => parseFleet("web", fleet([`UserData: ${data}`]), help)),
      data,
    ).not.toContain(SECRET);
});

test("keys, patterns and truth values stay, in blocks and in brackets, so that a message says the rule", ({
  expect,
}) => {
  const written = [
    `parameters: {TAG: {default: ${SECRET}, pattern: '^[0-9]+$'}}`,
    `parameters: { TAG: { pattern: "^[0-9]+$", default: ${SECRET} } }`,
    `parameters:\n  TAG: {default: ${SECRET}, pattern: '^[0-9]+$'}`,
    `parameters:\n  TAG:\n    default: ${SECRET}\n    pattern: ^[0-9]+$`,
  ];
  for (const lines of written) {
    const text = saidOf(() => parseRecipe("web", `family: web\n${lines}\n`, help));
    expect(text, lines).toContain("parameters.TAG.default: must match ^[0-9]+$");
    expect(text, lines).not.toContain(SECRET);
  }
  for (const key of ["default", "fromEnv", "pattern"])
    expect(saidOf(() => parseRecipe("web", `parameters: {Y: {${key}: [${SECRET}]}}\n`, help))).toContain(
      `parameters.Y.${key}: must be text`,
    );
  for (const value of ["'true'", '"False"'])
    expect(saidOf(() => parseFleet("web", fleet([`PasswordInherit: ${value}`]), help))).toContain(
      "launch.PasswordInherit: must be true or false",
    );
  const variable = saidOf(() =>
    parseRecipe("web", recipe(["environment:", `  pattern: [${SECRET}]`, `  x: '${SECRET}`]), help),
  );
  expect(variable).not.toContain(SECRET);
});
