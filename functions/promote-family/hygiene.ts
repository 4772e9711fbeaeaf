/**
 * What every instance of an image would share, looked for on the test machine. Pure.
 *
 * H1. A machine's identity must have been made on that machine. Nobody knows the builder of an uploaded disk
 *     or of a snapshot, so nothing is compared with a builder: a file that says who a machine is and was last
 *     written before its image existed came with the image, and all instances have the same.
 * H2. Identity must survive a reboot: one that changes with every boot is as bad as one that is shared.
 * H3. Nobody's access and nobody's history may travel in an image.
 * H4. cloud-init must have ended well on both boots, and must not remember another instance.
 * H5. Each check can be waived by its name; what was found says how.
 */
import { seconds } from "../../shared/duration.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import type { PromoteJob } from "../../shared/events/promote-family.ts";
import type { Step } from "../../shared/documents/recipe-steps.ts";

export type Check = Recipe["test"]["hygiene"]["waive"][number];
export const CHECKS: readonly Check[] = [
  "machine-id",
  "ssh-host-keys",
  "authorized-keys",
  "shell-history",
  "cloud-init",
];

export interface Finding {
  readonly check: Check;
  readonly found: string;
}

/** What one look inside prints: `kiln <boot> <check> <written, Unix seconds> <digest or count> <path or word>`. */
const FACTS = `look() {
  echo "kiln $1 cloud-init 0 status $(cloud-init status 2>/dev/null | grep status:)"
  [ -f /var/lib/cloud/data/previous-instance-id ] &&
    echo "kiln $1 cloud-init 0 previous $(cat /var/lib/cloud/data/previous-instance-id)"
  [ -s /etc/machine-id ] && echo "kiln $1 machine-id $(stat -c %Y /etc/machine-id) $(sha256sum /etc/machine-id)"
  for key in /etc/ssh/ssh_host_*_key; do
    [ -f "$key" ] && echo "kiln $1 ssh-host-keys $(stat -c %Y "$key") $(sha256sum "$key.pub")"
  done
  for file in /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys; do
    [ -s "$file" ] && echo "kiln $1 authorized-keys 0 $(grep -c '^[^#]' "$file") $file"
  done
  for file in /root/.bash_history /home/*/.bash_history; do
    [ -s "$file" ] && echo "kiln $1 shell-history 0 $(grep -c . "$file") $file"
  done
}
command -v cloud-init >/dev/null && cloud-init status --wait >/dev/null
`;
const NOTES = "/var/tmp/kiln-first-boot";

/** The first command of every gate: nothing is tested before the machine has set itself up. */
export const firstLook = (timeoutMs: number): Step =>
  step("first boot", `${FACTS}look first > ${NOTES}\ncat ${NOTES}\nexit 0`, timeoutMs);

/** The last one, after a reboot; it shows the first look again, so that one output holds both. */
export const secondLook = (timeoutMs: number): Step =>
  step("second boot", `${FACTS}cat ${NOTES}\nlook second\nexit 0`, timeoutMs);

const step = (name: string, command: string, timeoutMs: number): Step => ({
  kind: "run",
  name,
  command,
  timeoutMs,
  environment: {},
});

interface Fact {
  readonly boot: string;
  readonly check: string;
  readonly writtenAt: number;
  readonly value: string;
  readonly rest: string;
}

function factsIn(output: string): readonly Fact[] {
  return output.split("\n").flatMap((line) => {
    const match = /^kiln (first|second) ([a-z-]+) (\d+) (\S+)\s*(.*)$/.exec(line);
    if (match === null) return [];
    const [, boot = "", check = "", written = "", value = "", rest = ""] = match;
    return [{ boot, check, writtenAt: seconds(Number(written)), value, rest: rest.trim() }];
  });
}

/** What ends the gate at once: nothing can be tested on a machine that did not set itself up. */
export function firstFindings(output: string): readonly Finding[] {
  const own = factsIn(output).filter(({ boot, value }) => boot === "first" && value === "status");
  return cloudInitFindings(own);
}

/** Everything that is wrong, from the output of the second look. `madeAt`: when the image was, epoch ms. */
export function allFindings(output: string, madeAt: number): readonly Finding[] {
  const facts = factsIn(output);
  const at = (boot: string, check: Check) =>
    facts.filter((fact) => fact.boot === boot && fact.check === check);
  const identity = (["machine-id", "ssh-host-keys"] as const).flatMap((check) => {
    const [first, second] = [at("first", check), at("second", check)];
    const inherited = first.find(({ writtenAt }) => writtenAt < madeAt);
    if (inherited) {
      const when = inherited.writtenAt === 0 ? "long ago" : new Date(inherited.writtenAt).toISOString();
      return [
        { check, found: `${inherited.rest} came with the image (written ${when}, before it was made)` },
      ];
    }
    const changed = first.find(({ rest, value }) =>
      second.every((it) => it.rest !== rest || it.value !== value),
    );
    return changed ? [{ check, found: `${changed.rest} is another one after a reboot` }] : [];
  });
  const missing: Finding[] =
    at("first", "machine-id").length === 0
      ? [
          {
            check: "machine-id",
            found: "/etc/machine-id is missing or empty although the machine has booted",
          },
        ]
      : [];
  const carried = (["authorized-keys", "shell-history"] as const).flatMap((check) => {
    const found = at("first", check).filter(({ value }) => value !== "0");
    const what = check === "authorized-keys" ? "key(s)" : "line(s)";
    return found.length === 0
      ? []
      : [{ check, found: found.map(({ value, rest }) => `${rest} holds ${value} ${what}`).join(", ") }];
  });
  return [...missing, ...identity, ...carried, ...cloudInitFindings(facts)];
}

/** "degraded" is cloud-init's word for done with remarks; older versions say done. */
const WELL = new Set(["done", "degraded"]);

function cloudInitFindings(facts: readonly Fact[]): Finding[] {
  const check = "cloud-init";
  const own = facts.filter((fact) => fact.check === check);
  const words = own
    .filter(({ value }) => value === "status")
    .map(({ boot, rest }) => ({
      boot,
      word: /status:\s*(\w+)/.exec(rest)?.[1] ?? "not there",
    }));
  const bad = words.find(({ word }) => !WELL.has(word));
  if (words.length === 0) return [{ check, found: "nothing is known of it" }];
  if (bad) return [{ check, found: `it is ${bad.word} after the ${bad.boot} boot` }];
  const before = own.find(({ value, rest }) => value === "previous" && rest.startsWith("i-"));
  return before ? [{ check, found: `it remembers ${before.rest}, on which the image was set up` }] : [];
}

/** How to make it right; the bake does it for builders, for other sources only the owner can. */
const CURE: Readonly<Record<Check, string>> = {
  "machine-id": "empty it before the image is made (truncate -s 0 /etc/machine-id)",
  "ssh-host-keys": "remove them before the image is made (rm /etc/ssh/ssh_host_*)",
  "authorized-keys": "remove it in provision, or give keys at launch",
  "shell-history": "remove it before the image is made",
  "cloud-init": "run cloud-init clean before the image is made, or see /var/log/cloud-init.log",
};

/** Why the gate stays shut, or undefined: waived findings do not count. */
export function refusalOf(
  findings: readonly Finding[],
  { imageId, document }: PromoteJob,
): string | undefined {
  const { waive } = document.test.hygiene;
  const left = findings.filter(({ check }) => !waive.includes(check));
  if (left.length === 0) return undefined;
  const named = left.map(({ check, found }) => `${check}: ${found}; ${CURE[check]}`);
  const checks = [...new Set(left.map(({ check }) => check))];
  return `${imageId} is not clean. ${named.join(". ")}. To accept it as it is: test.hygiene.waive: [${checks.join(", ")}]`;
}
