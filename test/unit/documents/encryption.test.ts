import { expect, test } from "vitest";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { cipherIn, plainProblem } from "../../../shared/encryption.ts";
import { problemsIn, RECIPE } from "./problems-of.ts";

const HOME = "cn-hangzhou";
const recipe = (more: string, disk = "") =>
  `${RECIPE.replace("family: web\n", "")}${disk === "" ? "" : `    systemDisk: ${disk}\n`}family: web\n${more}`;
const ciphers = (text: string) => {
  const document = parseRecipe("web", text);
  return [HOME, "cn-shanghai", "cn-beijing"].map((region) => cipherIn(document, region, HOME));
};
const KEYED_COPY = "promote: { regions: [cn-beijing, { region: cn-shanghai, kmsKeyId: key-2 }] }";
const COPY = "promote: { regions: [cn-beijing, { region: cn-shanghai, encrypted: true }] }";
const DISK = "{ category: cloud_essd, encrypted: true, kmsKeyId: key-1 }";

const rows: readonly (readonly [
  name: string,
  text: string,
  home: unknown,
  keyed: unknown,
  other: unknown,
])[] = [
  ["nothing", recipe(""), undefined, undefined, undefined],
  ["encrypt: true", recipe("encrypt: true"), {}, {}, {}],
  ["a key at home", recipe("encrypt: { cn-hangzhou: key-1 }"), { kmsKeyId: "key-1" }, {}, {}],
  ["a key of one copy", recipe(KEYED_COPY), undefined, { kmsKeyId: "key-2" }, undefined],
  ["a copy", recipe(COPY), undefined, {}, undefined],
  ["a copy and a key for it", recipe(`encrypt: { cn-shanghai: k }\n${COPY}`), {}, { kmsKeyId: "k" }, {}],
  ["a disk and a copy", recipe(KEYED_COPY, DISK), { kmsKeyId: "key-1" }, { kmsKeyId: "key-2" }, {}],
];
test.each(rows)("%s says where an image is encrypted, and with which key", (_name, text, ...expected) => {
  expect(ciphers(text)).toEqual(expected);
});

const ACCOUNTS = 'promote: { accounts: ["1000000000000010"] }';
test.each([
  [
    recipe(`encrypt: true\n${ACCOUNTS}`),
    /^promote\.accounts: cannot get .* service key .* the region of the/,
  ],
  [
    recipe(
      'encrypt: { cn-hangzhou: k }\npromote: { accounts: ["1000000000000010"], regions: [cn-shanghai] }',
    ),
    /^promote\.accounts: .* for cn-shanghai/,
  ],
  [recipe(ACCOUNTS, "{ encrypted: true }"), /^promote\.accounts: cannot get/],
  [recipe("", "{ kmsKeyId: key-1 }"), /^source\.builder\.systemDisk\.kmsKeyId: must be used with encrypted/],
  [recipe("", "{ encrypted: false }"), /^source\.builder\.systemDisk\.encrypted: must be true/],
  [recipe("encrypt: { hangzhou: key-1 }"), /^encrypt/],
  ['{"source":{"upload":{}},"encrypt":true}', /^encrypt: is not known to imports/],
  [
    `{"source":{"upload":{}},"family":"web","test":{"skip":true},"promote":{"accounts":["1000000000000010"],"regions":[{"region":"cn-shanghai","encrypted":true}]}}`,
    /^promote\.accounts: .* as kmsKeyId of cn-shanghai in promote\.regions/,
  ],
  [
    recipe("promote: { regions: [{ region: cn-shanghai, encrypted: false }] }"),
    /must be true .*; without it the copy/,
  ],
])("%s is refused", (text, problem) => {
  expect(problemsIn(parseRecipe, text)).toEqual([expect.stringMatching(problem)]);
});

test("an image with a key of the account may be shared", () => {
  expect(problemsIn(parseRecipe, recipe(`encrypt: { cn-hangzhou: key-1 }\n${ACCOUNTS}`))).toEqual([]);
});

test("an image is held against the encryption of its own region alone", () => {
  const document = parseRecipe("web", recipe(KEYED_COPY));
  const plain = { id: "m-1", encrypted: false };
  expect(plainProblem(document, plain, HOME, HOME)).toBeUndefined();
  expect(plainProblem(document, plain, "cn-shanghai", HOME)).toMatch(/^m-1 in cn-shanghai is not encrypted/);
  expect(plainProblem(document, { ...plain, encrypted: true }, "cn-shanghai", HOME)).toBeUndefined();
});
