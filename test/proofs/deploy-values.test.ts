/** Values of `.env` and of the shell arrive in the functions as they are written, and are never shown. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "../cloud/index.ts";
import { withTool as test } from "../support/commands.ts";

const PATIENT = { timeout: 240_000 };

const SECRETS = {
  KILN_FLEET_PASSWORD: "Pa$sw0rd-$HOME-$1-\\$x",
  KILN_APPROVAL_SECRET: "approval-$secret-{{y}}-%z # k",
};
const CALLERS = '{"ci":{"secrets":["at-least-$16-characters"],"routes":["POST /*"]}}';

const variable = ({ fc }: Cloud, name: string, folder: string) =>
  fc.functions.get(`kiln-${folder}`)?.environment[name];

test(
  "a value arrives as it is written, whoever gives it, and no line shows it",
  PATIENT,
  async ({ cloud, command, root, expect }) => {
    const lines = Object.entries({ ...SECRETS, KILN_CALLERS: CALLERS }).map(
      ([name, value]) => `${name}='${value}'`,
    );
    // As an editor on Windows saves it.
    writeFileSync(join(root, ".env"), `\uFEFF${lines.join("\r\n")}\r\n`);
    await command("setup");
    const first = await command("deploy");
    expect([first.code, first.err]).toEqual([0, []]);
    expect(first.out[0]).toBe("from .env: KILN_APPROVAL_SECRET, KILN_CALLERS, KILN_FLEET_PASSWORD");
    expect(variable(cloud, "KILN_FLEET_PASSWORD", "scale-out")).toBe(SECRETS.KILN_FLEET_PASSWORD);
    expect(variable(cloud, "KILN_APPROVAL_SECRET", "notifier")).toBe(SECRETS.KILN_APPROVAL_SECRET);
    expect(variable(cloud, "KILN_CALLERS", "webhook")).toBe(CALLERS);

    // The variable of a shell is also in the file; the approval secret is kept from the cloud.
    writeFileSync(join(root, ".env"), "KILN_FLEET_PASSWORD=Of-the-file-1\n");
    const second = await command("deploy", { KILN_FLEET_PASSWORD: "Shell-$wins-1" });
    expect(variable(cloud, "KILN_FLEET_PASSWORD", "scale-out")).toBe("Shell-$wins-1");
    const said = [...first.out, ...second.out].join("\n");
    expect(said).toContain("KILN_FLEET_PASSWORD");
    for (const secret of [...Object.values(SECRETS), "at-least-$16-characters", "Shell-$wins-1"])
      expect(said).not.toContain(secret);
  },
);
