/** Secrets of no known shape, by what names them: whatever is wrong with a document, no sentence about it quotes them. */
import { test } from "vitest";
import { parseComponent } from "../../shared/documents/component.ts";
import { parseFleet } from "../../shared/documents/fleet.ts";
import { explanations, type Help } from "../../shared/documents/explanations.ts";
import { help } from "../../shared/documents/help.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { shownLine } from "../../shared/ephemeral-instance/shown-line.ts";
import { RECIPE } from "../unit/documents/problems-of.ts";
import { saidOf } from "../support/refused-text.ts";

const SECRET = "Xy7kQ2vLm9Rt4Wz8";

const NAMES = [
  "password",
  "dbPassword",
  "DB_PASSWORD",
  "db-password",
  "passwd",
  "passphrase",
  "pwd",
  "token",
  "accessToken",
  "refresh_token",
  "key",
  "apiKey",
  "API_KEY",
  "accessKey",
  "access_key_id",
  "AccessKeySecret",
  "sshKey",
  "private_key",
  "secret",
  "client_secret",
  "credential",
  "credentials",
  "aws.credential",
  "cookie",
  "密码",
] as const;

/** A command that holds the secret. */
const COMMANDS: readonly ((name: string) => string)[] = [
  (name) => `export ${name}=${SECRET}`,
  (name) => `export ${name}="${SECRET}"; make`,
  (name) => `${name}=${SECRET} make`,
  (name) => `env ${name}='${SECRET}' make`,
  (name) => `set -x; ${name}="a ${SECRET} b"`,
  (name) => `$env:${name} = "${SECRET}"`,
  (name) => `echo "${name}=${SECRET}" >> /etc/app.env`,
  (name) => `echo '${name}: ${SECRET}' > /etc/app.yaml`,
  (name) => `tool --${name} ${SECRET}`,
  (name) => `tool --${name}=${SECRET}`,
  (name) => `tool --${name} "${SECRET}"`,
  (name) => `curl https://host/x?${name}=${SECRET}`,
  (name) => `curl "https://host/x?a=b&${name}=${SECRET}&c=d"`,
  (name) => `curl -d '${name}=${SECRET}' https://host`,
  (name) => `curl -d '{"${name}":"${SECRET}"}' https://host`,
  (name) => `curl -d "{\\"${name}\\": \\"${SECRET}\\"}" https://host`,
  (name) => `sed -i 's/^${name}=.*/${name}=${SECRET}/' /etc/app.conf`,
  () => `git clone https://bob:${SECRET}@host/x`,
  () => `git clone https://${SECRET}@host/x`,
  () => `psql postgres://app:${SECRET}@db/app`,
  () => `echo 'root:${SECRET}' | chpasswd`,
  () => `echo ${SECRET} | passwd --stdin root`,
  () => `mysql -e "ALTER USER root IDENTIFIED BY '${SECRET}'"`,
  () => `docker login -p ${SECRET} registry`,
];

const step = (command: string, more: string): string => `${RECIPE}provision:\n  - ${command}\n${more}`;
const quotedText = (text: string): string => JSON.stringify(text);
const block = (command: string, key = "run"): string => `${key}: |\n      set -e\n      ${command}\n`;

/** Recipes with a command, each wrong in another way. */
const AROUND: readonly ((command: string) => string)[] = [
  (command) => step(command, "wrong: 1\n"),
  (command) => step(`${command} a: b`, ""),
  (command) => step(`[ ${command} ]`, ""),
  (command) => step(`{ run: ${quotedText(command)}, timeout: abc }`, ""),
  (command) => step(`{ run: [${quotedText(command)}] }`, ""),
  (command) => step(`{ script: ${quotedText(command)} }`, ""),
  (command) => step(`{ name: ${quotedText(command.repeat(30))}, run: "true" }`, ""),
  (command) => step(`run：${command}`, ""),
  (command) => step(`“${command}”`, ""),
  (command) => step(`{ run: ${quotedText(`${command} ${"x".repeat(30_000)}`)} }`, ""),
  (command) => step(`- ${command}`, ""),
  (command) => step(`${block(command)}    timeout: 5x\n`, ""),
  (command) => step(`${block(command)}   wrong: 1\n`, ""),
  (command) => step(block(command, "runn"), ""),
  (command) =>
    step(
      `"true"`,
      `description: ${quotedText(command)}\nimage: { description: ${quotedText(`http://${command}`)} }\n`,
    ),
  (command) =>
    step(
      `"true"`,
      `image: { tags: { a: ${quotedText(command.repeat(9))}, b: ${quotedText(`{NOPE} ${command}`)} } }\n`,
    ),
  (command) => step(`"true"`, `image: { name: ${quotedText(command)} }\nfamily: ${quotedText(command)}\n`),
  (command) => RECIPE.replace("    sec", `    userData: ${quotedText(`${command}\u0000`)}\n    sec`),
];

/** Documents with the secret behind a key. */
const PAIRS: readonly ((name: string) => string)[] = [
  (name) => `${name}: ${SECRET}`,
  (name) => `${name}: "${SECRET}"`,
  (name) => `a: { b: { c: [{ d: { ${name}: ${SECRET} } }] } }`,
  (name) => `a:\n  b:\n    - c:\n        ${name}: ${SECRET}`,
  (name) => `a:\n  ${name}:\n    - ${SECRET}`,
  (name) => `a:\n  ${name}: |\n    ${SECRET}`,
  (name) => `inputs: [{ ${name}: ${SECRET} }]`,
  (name) => `test: { ${name}: ${SECRET} }`,
  (name) => `image: { tags: { ${name}: ["${SECRET}"] } }`,
  (name) => `image: { tags: { ${name}: "${SECRET.repeat(20)}" } }`,
  (name) => `image:\n  tags:\n    ${name}: "{NOPE}${SECRET}"`,
  (name) => `{"a":{"${name}":"${SECRET}"}}`,
  (name) => `notify: "https://host/x?${name}=${SECRET}"`,
  (name) => `schedule: { cron: ["${name}=${SECRET}"] }`,
];

const READERS = [
  ["its author", help],
  ["a record", explanations],
  ["a run", undefined],
] as const;
const PARSERS = [
  (text: string, more?: Help) => parseRecipe("web", text, more),
  (text: string, more?: Help) => parseFleet("web", text, more),
  (text: string, more?: Help) => parseComponent("components/web/1.0.0.yaml", text, more),
];

const [first] = NAMES;
const COMBINED = [
  ...NAMES.flatMap((name, n) =>
    COMMANDS.map((command, c) => AROUND[(n + c) % AROUND.length]?.(command(name)) ?? ""),
  ),
  ...COMMANDS.flatMap((command) => AROUND.map((around) => around(command(first)))),
  ...NAMES.flatMap((name) => PAIRS.map((pair) => `${RECIPE}${pair(name)}\nwrong: 1\n`)),
  ...NAMES.flatMap((name) =>
    PAIRS.map((pair) => `launch:\n  UserData:\n    ${pair(name).replaceAll("\n", "\n    ")}\n`),
  ),
];

for (const [reader, more] of READERS)
  test(`no sentence for ${reader} quotes a secret that a name, an address or a command gives away`, ({
    expect,
  }) => {
    const shown = COMBINED.flatMap((text) =>
      PARSERS.map((parse) => saidOf(() => parse(text, more)))
        .filter((all) => all.includes(SECRET.slice(0, 8)))
        .map((all) => [text, all]),
    );
    expect(shown).toEqual([]);
    expect(COMBINED.length).toBeGreaterThan(1500);
  });

test("what is no secret stays: keys of objects, paths, and commands around a secret", ({ expect }) => {
  for (const [lines, shown] of [
    ["inputs: [/files/key-20260105-abc123.pem]", "/files/key-20260105-abc123.pem"],
    ["provision:\n  - echo key: value of it", "write 'echo key: value of it'"],
    ["provision:\n  - cat secrets.txt a: b", "write 'cat secrets.txt a: b'"],
    ["image: { tags: { key: [front] } }", "write front, without the brackets"],
  ] as const)
    expect(saidOf(() => parseRecipe("web", `${RECIPE}${lines}`, help))).toContain(shown);
  expect(shownLine(`tool --token ${SECRET} a: b`, 80)).toBe("tool --token [hidden] a: b");
});
