/**
 * The image checks on a test instance: their commands, and the findings in the output. Pure.
 *
 * CHECK-1. The identity of an instance must be made on that instance. The builder of an uploaded disk or a snapshot is
 *     unknown, so nothing is compared with a builder: a file of identity that was last written before the image
 *     existed came with the image, and all instances share it.
 * CHECK-2. Identity must survive a reboot.
 * CHECK-3. No access key and no shell history may travel in an image.
 * CHECK-4. cloud-init must have succeeded on both boots, and must not remember another instance.
 * CHECK-5. A recipe may waive each check by its id; the message for a finding says how.
 */
import type { Step } from "../../../shared/documents/recipe-steps.ts";
import { seconds } from "../../../shared/duration.ts";
import { CHECK_IDS, IMAGE_CHECKS, type CheckId } from "../../../shared/image-checks.ts";
import type { Checked } from "./input.ts";

export interface Finding {
  readonly check: CheckId;
  readonly found: string;
}

/** Defines `facts`, which prints the facts of every check for the boot it is given. Waits for cloud-init first. */
const FACTS = `facts() {
  ${CHECK_IDS.map((check) => IMAGE_CHECKS[check].reads).join("\n  ")}
}
command -v cloud-init >/dev/null && cloud-init status --wait >/dev/null
`;
const NOTES = "/var/tmp/kiln-first-boot";

/** The first command of every image test: the recipe's tests need an instance that has finished its setup. */
export const firstBoot = (timeoutMs: number): Step =>
  step("first boot", `${FACTS}facts first > ${NOTES}\ncat ${NOTES}\nexit 0`, timeoutMs);

/** The last one, after a reboot. It prints the facts of the first boot again, so that one output holds both. */
export const secondBoot = (timeoutMs: number): Step =>
  step("second boot", `${FACTS}cat ${NOTES}\nfacts second\nexit 0`, timeoutMs);

const step = (name: string, command: string, timeoutMs: number): Step => ({
  kind: "run",
  name,
  command,
  timeoutMs,
  environment: {},
});

const LINE = /^kiln (first|second) ([a-z-]+) (\d+) (\S+)\s*(.*)$/;

/** `value` is a digest, a count or a word; `rest` a path, or what the word is about. */
const factsIn = (output: string) =>
  output.split("\n").flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, boot, check, written, value, rest = ""] = match;
    return [{ boot, check, writtenAt: seconds(Number(written)), value, rest: rest.trim() }];
  });
type Fact = ReturnType<typeof factsIn>[number];

/** The findings that end the test on the first boot: an instance that did not finish its setup. */
export const firstFindings = (output: string): readonly Finding[] =>
  cloudInitFindings(factsIn(output).filter(({ boot, value }) => boot === "first" && value === "status"));

/** All findings in the output of `secondBoot`. `madeAt`: creation of the image, epoch ms. */
export function allFindings(output: string, madeAt: number): readonly Finding[] {
  const facts = factsIn(output);
  return [
    ...identityFindings("machine-id", facts, madeAt),
    ...identityFindings("ssh-host-keys", facts, madeAt),
    ...carriedFindings("authorized-keys", "key(s)", facts),
    ...carriedFindings("shell-history", "line(s)", facts),
    ...cloudInitFindings(facts),
  ];
}

const factsOf = (check: CheckId, boot: string, facts: readonly Fact[]): readonly Fact[] =>
  facts.filter((fact) => fact.check === check && fact.boot === boot);

function identityFindings(check: CheckId, facts: readonly Fact[], madeAt: number): Finding[] {
  const first = factsOf(check, "first", facts);
  const second = factsOf(check, "second", facts);
  if (check === "machine-id" && first.length === 0)
    return [{ check, found: "/etc/machine-id is missing or empty although the instance has booted" }];
  const inherited = first.find(({ writtenAt }) => writtenAt < madeAt);
  if (inherited) {
    const when = inherited.writtenAt === 0 ? "long ago" : new Date(inherited.writtenAt).toISOString();
    return [{ check, found: `${inherited.rest} came with the image (written ${when}, before it was made)` }];
  }
  const changed = first.find(({ rest, value }) =>
    second.every((fact) => fact.rest !== rest || fact.value !== value),
  );
  return changed ? [{ check, found: `${changed.rest} is another one after a reboot` }] : [];
}

function carriedFindings(check: CheckId, unit: string, facts: readonly Fact[]): Finding[] {
  const files = factsOf(check, "first", facts).filter(({ value }) => value !== "0");
  const found = files.map(({ value, rest }) => `${rest} holds ${value} ${unit}`).join(", ");
  return files.length === 0 ? [] : [{ check, found }];
}

/** "degraded" means done with warnings; older versions of cloud-init say done. */
const SUCCESS = new Set(["done", "degraded"]);

function cloudInitFindings(facts: readonly Fact[]): Finding[] {
  const check = "cloud-init";
  const own = facts.filter((fact) => fact.check === check);
  const statuses = own.flatMap(({ boot, value, rest }) =>
    value === "status" ? [{ boot, word: /status:\s*(\w+)/.exec(rest)?.[1] ?? "not there" }] : [],
  );
  if (statuses.length === 0) return [{ check, found: "its status is unknown" }];
  const bad = statuses.find(({ word }) => !SUCCESS.has(word));
  if (bad) return [{ check, found: `it is ${bad.word} after the ${bad.boot} boot` }];
  const previous = own.find(({ value, rest }) => value === "previous" && rest.startsWith("i-"));
  return previous ? [{ check, found: `it remembers ${previous.rest}, on which the image was set up` }] : [];
}

/** The message that fails the test; undefined when the recipe waives every finding. */
export function refusalOf(
  findings: readonly Finding[],
  { imageId, document }: Pick<Checked, "imageId" | "document">,
): string | undefined {
  const { waive } = document.test.hygiene;
  const left = findings.filter(({ check }) => !waive.includes(check));
  if (left.length === 0) return undefined;
  const named = left.map(({ check, found }) => `${check}: ${found}; ${IMAGE_CHECKS[check].cure}`);
  const checks = [...new Set(left.map(({ check }) => check))];
  return `${imageId} is not clean. ${named.join(". ")}. To accept it as it is: test.hygiene.waive: [${checks.join(", ")}]`;
}
