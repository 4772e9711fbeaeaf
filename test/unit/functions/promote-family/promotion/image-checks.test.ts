import { test } from "vitest";
import {
  allFindings,
  firstFindings,
  refusalOf,
} from "../../../../../functions/promote-family/promotion/image-checks.ts";
import { parseRecipe } from "../../../../../shared/documents/recipe.ts";
import { CHECK_IDS } from "../../../../../shared/image-checks.ts";
import { recipeText } from "../../../../support/recipes.ts";

const MADE_AT = Date.UTC(2026, 0, 5, 9);
const BOOTED = MADE_AT / 1000 + 300;
const BAKED = MADE_AT / 1000 - 300;

/** The facts of a clean instance on both boots; `first` and `second` replace lines that start alike. */
function facts(first: readonly string[] = [], second: readonly string[] = []): string {
  const clean = [
    "cloud-init 0 status status: done",
    "cloud-init 0 previous NO_PREVIOUS_INSTANCE_ID",
    `machine-id ${BOOTED} aaa  /etc/machine-id`,
    `ssh-host-keys ${BOOTED} bbb  /etc/ssh/ssh_host_ed25519_key.pub`,
  ];
  const lines = (boot: string, changed: readonly string[]) => {
    const key = (line: string) =>
      line
        .split(" ")
        .slice(0, 1)
        .concat(line.split(" ").at(-1) ?? "")
        .join(" ");
    const kept = clean.filter((line) => !changed.some((other) => key(other) === key(line)));
    return [...kept, ...changed].map((line) => `kiln ${boot} ${line}`);
  };
  return [...lines("first", first), ...lines("second", second)].join("\n");
}

const found = (output: string): string[] => allFindings(output, MADE_AT).map(({ check }) => check);

test("an instance that made its identity itself and keeps it over a reboot is clean", ({ expect }) => {
  expect(allFindings(facts(), MADE_AT)).toEqual([]);
  expect(firstFindings(facts())).toEqual([]);
});

test("identity written before the image existed came with the image", ({ expect }) => {
  const line = `machine-id ${BAKED} aaa  /etc/machine-id`;
  expect(found(facts([line], [line]))).toEqual(["machine-id"]);
  const key = `ssh-host-keys ${BAKED} bbb  /etc/ssh/ssh_host_ed25519_key.pub`;
  expect(found(facts([key], [key]))).toEqual(["ssh-host-keys"]);
});

test("an identity that changes with a reboot is a finding, and so is a missing one", ({ expect }) => {
  expect(found(facts([], [`machine-id ${BOOTED} ccc  /etc/machine-id`]))).toEqual(["machine-id"]);
  expect(found(facts().replaceAll(/.*machine-id.*\n?/g, ""))).toEqual(["machine-id"]);
});

test("access keys and shell history are counted per file, empty files do not matter", ({ expect }) => {
  const lines = [
    "authorized-keys 0 2 /root/.ssh/authorized_keys",
    "shell-history 0 9 /home/ecs-user/.bash_history",
  ];
  const findings = allFindings(facts(lines), MADE_AT);
  expect(findings.map(({ check, found: text }) => `${check}: ${text}`)).toEqual([
    "authorized-keys: /root/.ssh/authorized_keys holds 2 key(s)",
    "shell-history: /home/ecs-user/.bash_history holds 9 line(s)",
  ]);
  expect(found(facts(["authorized-keys 0 0 /root/.ssh/authorized_keys"]))).toEqual([]);
});

test("cloud-init must succeed on both boots and remember no other instance", ({ expect }) => {
  const bad = (word: string) =>
    facts().replace("first cloud-init 0 status status: done", `first cloud-init 0 status status: ${word}`);
  expect(firstFindings(bad("error"))).toMatchObject([
    { check: "cloud-init", found: "it is error after the first boot" },
  ]);
  expect(firstFindings(bad("degraded"))).toEqual([]);
  expect(firstFindings("no facts at all")).toHaveLength(1);
  const remembers = facts().replaceAll("NO_PREVIOUS_INSTANCE_ID", "i-builder");
  expect(found(remembers)).toEqual(["cloud-init"]);
});

test("a waived finding does not count, the others still do and say how to waive them", ({ expect }) => {
  const document = (waive: readonly string[]) =>
    parseRecipe("web", recipeText({ test: { hygiene: { waive } } }));
  const findings = CHECK_IDS.map((check) => ({ check, found: "something" }));
  const input = { imageId: "m-1" };
  expect(refusalOf(findings, { ...input, document: document([...CHECK_IDS]) })).toBeUndefined();
  expect(refusalOf(findings, { ...input, document: document(CHECK_IDS.slice(1)) })).toMatch(
    /^m-1 is not clean\. machine-id: something; .* test\.hygiene\.waive: \[machine-id\]$/,
  );
});
