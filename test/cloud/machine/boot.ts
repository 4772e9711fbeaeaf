/** First boot: the machine takes its identity and reads its user data. */
import { userOf } from "./accounts.ts";
import type { User } from "./accounts.ts";
import { IDENTITY } from "./disk.ts";
import { GuestFiles, resolvePath } from "./files.ts";
import type { Machine } from "./machine.ts";
import { Units } from "./units.ts";

const LOG = "/var/log/cloud-init-output.log";

/** The account's settings for a machine that boots for the first time. */
export interface Setup {
  readonly hostName: string;
  readonly publicKey: string | undefined;
  /** Base64; empty when there is none. */
  readonly userData: string;
}

/**
 * Sets up a new machine: it creates the identity that the image lacks, its host name and the account's key.
 * Returns the script of the user data, if there is one.
 */
export function firstBoot(machine: Machine, { hostName, publicKey, userData }: Setup): string | undefined {
  const { files, writtenAt } = machine.disk;
  const write = (path: string, text: string): void => {
    files.set(path, text);
    writtenAt.set(path, machine.now());
  };
  // cloud-init notes the id of the previous instance, or that there was none:
  // https://docs.cloud-init.io/en/latest/reference/data_dir.html
  write(
    IDENTITY.previousInstanceId,
    `${files.get(IDENTITY.instanceId)?.trim() ?? "NO_PREVIOUS_INSTANCE_ID"}\n`,
  );
  write(IDENTITY.instanceId, machine.instanceId);
  write("/etc/hostname", `${hostName}\n`);
  makeKeys(machine, write);
  const before = files.get(IDENTITY.authorizedKeys) ?? "";
  if (publicKey !== undefined && !before.includes(publicKey))
    write(IDENTITY.authorizedKeys, `${before}${publicKey}\n`);
  if (userData === "") return undefined;
  const script = Buffer.from(userData, "base64").toString("utf8");
  machine.print = (text) => {
    files.set(LOG, (files.get(LOG) ?? "") + text);
  };
  if (script.startsWith("#!")) return script;
  const unknown = `user data that is no script (${script.slice(0, 20).split("\n")[0]})`;
  machine.print(`guest: not simulated: ${unknown}\n`);
  machine.unsupported(unknown);
  return undefined;
}

/** systemd and sshd create missing files and keep existing ones: an image that kept them produces clones. */
function makeKeys(machine: Machine, write: (path: string, text: string) => void): void {
  const { files } = machine.disk;
  if ((files.get(IDENTITY.machineId) ?? "").trim() === "") write(IDENTITY.machineId, `${machine.token()}\n`);
  for (const path of IDENTITY.hostKeys) {
    if (!files.has(path)) write(path, `private key ${machine.token()}\n`);
    if (!files.has(`${path}.pub`)) write(`${path}.pub`, `public key ${machine.token()}\n`);
  }
}

/** Starts the units that start at boot. */
export function bootUnits({ disk, active, failed }: Machine): void {
  const units = new Units(disk);
  for (const unit of disk.enabled) {
    const outcome = units.started(unit);
    if (outcome === "active") active.add(unit);
    else if (outcome === "failed") failed.add(unit);
  }
}

/**
 * As whom and where the agent begins a command: in the named folder or in the user's home. One of them may be missing on
 * the machine: https://github.com/aliyun/aliyun_assist_client/blob/main/agent/taskengine/host/processor.go (PreCheck)
 */
export function startOf(
  { disk, now }: Machine,
  { username, workingDir }: { readonly username: string; readonly workingDir: string | undefined },
): { readonly user: User; readonly folder: string } | { readonly missing: "Account" | "Directory" } {
  const user = userOf(disk.files, username);
  if (user === undefined) return { missing: "Account" };
  const folder = workingDir ?? user.home;
  const files = new GuestFiles(disk, now, () => undefined);
  return files.isDirectory(resolvePath("/", folder)) ? { user, folder } : { missing: "Directory" };
}
