/**
 * Units of systemd: which exist, which start at boot, and what comes of a start. A service is named without its type.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
 */
import { userOf } from "./accounts.ts";
import type { GuestDisk } from "./disk.ts";
import { GuestFiles, resolvePath } from "./files.ts";
import { unitExists } from "./packages.ts";
import { isReadable } from "./web/nginx.ts";

const FOLDERS = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];

/** Units that the base images have, and of whose state the machine knows nothing. */
const OF_BASE: ReadonlySet<string> = new Set(
  "apt-daily.timer apt-daily-upgrade.timer apt-daily apt-daily-upgrade unattended-upgrades ufw snapd snapd.socket snapd.seeded apparmor rsyslog cron crond systemd-resolved systemd-networkd systemd-networkd-wait-online networkd-dispatcher multipathd multipathd.socket motd-news.timer man-db.timer fstrim.timer logrotate.timer dnf-makecache.timer dnf-makecache NetworkManager NetworkManager-wait-online auditd tuned firewalld postfix kdump rpcbind rpcbind.socket systemd-timesyncd ssh.socket sshd.socket docker.socket systemd-tmpfiles-clean.timer".split(
    " ",
  ),
);

/** A name as systemd completes it: `nginx.service` and `nginx` are the same. */
export const unitNamed = (name: string): string => name.replace(/\.service$/, "");

const fileName = (unit: string): string =>
  /\.(?:socket|timer|target|path|mount|slice)$/.test(unit) ? unit : `${unit}.service`;

/** Units of the disk, and what a start of one comes to. */
export class Units {
  readonly #disk: GuestDisk;
  readonly #files: GuestFiles;

  constructor(disk: GuestDisk) {
    this.#disk = disk;
    this.#files = new GuestFiles(
      disk,
      () => 0,
      () => undefined,
    );
  }

  /** The file that a user wrote for a unit, also for an instance of a template. */
  text(unit: string): string | undefined {
    const name = fileName(unit);
    const names = [name, name.replace(/@[^.]*\./, "@.")];
    const path = FOLDERS.flatMap((folder) => names.map((each) => `${folder}/${each}`)).find((each) =>
      this.#files.isFile(each),
    );
    return path === undefined ? undefined : this.#files.read(path);
  }

  /** `maybe`: a base image has it, but the machine does not. */
  exists(unit: string): "yes" | "no" | "maybe" {
    if (this.text(unit) !== undefined) return "yes";
    if (!fileName(unit).endsWith(".service")) return OF_BASE.has(unit) ? "maybe" : "no";
    if (unitExists(this.#disk, unit)) return "yes";
    return OF_BASE.has(unit) ? "maybe" : "no";
  }

  isMasked(unit: string): boolean {
    return this.#disk.links.get(this.maskPath(unit)) === "/dev/null";
  }

  maskPath(unit: string): string {
    return `/etc/systemd/system/${fileName(unit)}`;
  }

  /** Whether a unit says where it belongs; one that does not is static, and starts only when it is asked to. */
  isInstallable(unit: string): boolean {
    const text = this.text(unit);
    return text === undefined || /^\s*(?:WantedBy|RequiredBy|Also|Alias|UpheldBy)\s*=/m.test(text);
  }

  /** A setting of the last line that has it. */
  setting(unit: string, name: string): string | undefined {
    return [
      ...(this.text(unit) ?? "").matchAll(new RegExp(String.raw`^\s*${name}\s*=\s*(.*?)\s*$`, "gm")),
    ].at(-1)?.[1];
  }

  /**
   * What a start comes to: `refused` before anything runs, `failed` afterwards; a unit that is `done` has run and is not
   * active.
   */
  started(unit: string): "active" | "refused" | "failed" | "done" {
    if (this.isMasked(unit)) return "refused";
    if (unit === "nginx" && this.#files.isFile("/etc/nginx/nginx.conf") && !isReadable(this.#files))
      return "failed";
    if (this.text(unit) === undefined || !fileName(unit).endsWith(".service")) return "active";
    const remains = /^(?:yes|true|on|1)$/i.test(this.setting(unit, "RemainAfterExit") ?? "");
    if (this.#isRefused(unit, remains)) return "refused";
    if (!this.#canRun(unit, this.setting(unit, "ExecStart"))) return "failed";
    return this.setting(unit, "Type") === "oneshot" && !remains ? "done" : "active";
  }

  /** A service needs a command, or something to do when it ends and to remain until then. */
  #isRefused(unit: string, remains: boolean): boolean {
    if (!/^\s*\[Service\]/m.test(this.text(unit) ?? "")) return true;
    if (this.setting(unit, "ExecStart") !== undefined) return false;
    return !remains || this.setting(unit, "ExecStop") === undefined;
  }

  #canRun(unit: string, command: string | undefined): boolean {
    const user = this.setting(unit, "User");
    if (user !== undefined && !/^\d+$/.test(user) && userOf(this.#disk.files, user) === undefined)
      return false;
    const folder = this.setting(unit, "WorkingDirectory");
    if (folder?.startsWith("/") && !this.#files.isDirectory(resolvePath("/", folder))) return false;
    return command === undefined || this.#isProgram(command);
  }

  /** Programs of the system are there as far as the machine knows; others are files that may be run. */
  #isProgram(command: string): boolean {
    const [, path = ""] = /^[-@:+!|]*"?([^\s"]+)/.exec(command) ?? [];
    if (path.includes("%") || path.includes("$")) return true;
    if (!/^\/(?:opt|srv|root|home|tmp|var|etc|usr\/local|data|app)\//.test(path)) return path !== "";
    return this.#files.isExecutable(path);
  }
}
