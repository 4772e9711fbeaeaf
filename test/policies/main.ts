/**
 * `npm run policies [-- <part of "function action">]`: shows that no role may do more than its function needs. The flow
 * tests run once and note which actions each role uses. Then every action of every policy is taken away, one at a time,
 * and the tests that used it run: one of them must fail. One line for each action: the test that failed, or NOT NEEDED.
 */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { rolesOf } from "../../deploy/policies.ts";
import { messageOf } from "../../shared/errors.ts";
import { json } from "../support/known.ts";
import { PLACE } from "../support/deployment.ts";
import { firstFailure } from "../support/vitest-run.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Tests that are tried first for an action: those that use the fewest actions, as they are the shortest. */
const FIRST = 8;

interface Uses {
  readonly file: string;
  readonly test: string;
  readonly uses: readonly { readonly role: string; readonly action: string }[];
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** The permissions that each test used; from the file that KILN_USES_FILE names, if there is one, else from a run of all flow tests. */
async function readUses(): Promise<readonly Uses[]> {
  const given = process.env["KILN_USES_FILE"];
  const file = given ?? join(mkdtempSync(join(tmpdir(), "kiln-uses-")), "uses.jsonl");
  if (!existsSync(file)) {
    const failed = await firstFailure(ROOT, ["test/flow", "test/proofs"], { env: { KILN_USES_FILE: file } });
    if (failed !== undefined) throw new Error(`with all actions, this test fails: ${failed}`);
  }
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => json<Uses>(line));
}

/** The test that fails when the role of a function loses an action; undefined when none does. */
async function failureWithout(
  part: string,
  action: string,
  uses: readonly Uses[],
): Promise<string | undefined> {
  const role = rolesOf(PLACE).find((one) => one.part === part)?.name;
  const users = uses
    .filter((one) => one.uses.some((use) => use.role === role && use.action === action))
    .toSorted((a, b) => a.uses.length - b.uses.length);
  for (const tried of [users.slice(0, FIRST), users.slice(FIRST)]) {
    if (tried.length === 0) continue;
    const files = [...new Set(tried.map(({ file }) => relative(ROOT, file)))];
    const titles = tried.map(({ test }) => test);
    const failed = await firstFailure(ROOT, files, { env: { KILN_TAKEN: `${part} ${action}` }, titles });
    if (failed !== undefined) return failed;
  }
  return undefined;
}

const [wanted = ""] = process.argv.slice(2);
const uses = await readUses();
const idle: string[] = [];
for (const { part, policy } of rolesOf(PLACE)) {
  const actions = [...new Set(policy.Statement.flatMap(({ Action }) => Action))];
  for (const action of actions.filter((name) => `${part} ${name}`.includes(wanted))) {
    const failed = await failureWithout(part, action, uses).catch(
      // Without it some tests never settle, and the process that runs them ends.
      (error: unknown) => `the tests do not end: ${messageOf(error).trim().slice(-200)}`,
    );
    print(`${part} ${action}: ${failed ?? "NOT NEEDED"}`);
    if (failed === undefined) idle.push(`${part} ${action}`);
  }
}
print(idle.length === 0 ? "every action is needed" : `${idle.length} actions are not needed by any test`);
process.exitCode = idle.length === 0 ? 0 : 1;
