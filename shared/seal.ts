/** The last command on a builder: forgets who the machine was, so that its image's instances are not clones. Pure. */
import { minutes } from "./duration.ts";
import type { Recipe } from "./documents/recipe.ts";
import type { Step } from "./documents/recipe-steps.ts";

/**
 * What each check of the gate needs done before the image is made. Nobody's authorized_keys are removed: a
 * recipe may have put them there on purpose, and the gate names those it did not.
 */
const SEALS = {
  "cloud-init": "command -v cloud-init >/dev/null && cloud-init clean --logs",
  "machine-id": "truncate -s 0 /etc/machine-id",
  "ssh-host-keys": "rm -f /etc/ssh/ssh_host_*",
  "shell-history": "rm -f /root/.bash_history /home/*/.bash_history",
} as const;

/** What a recipe waives it wants to keep, so that is left alone. */
export function sealStep({ test }: Recipe): Step {
  const lines = Object.entries(SEALS).flatMap(([check, line]) =>
    test.hygiene.waive.some((waived) => waived === check) ? [] : [line],
  );
  const command = [...lines, "sync", "exit 0"].join("\n");
  return { kind: "run", name: "seal", command, timeoutMs: minutes(2), environment: {} };
}
