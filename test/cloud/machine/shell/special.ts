/** Variables that the shell itself answers. */
import { flagsOf } from "./options.ts";
import type { Shell } from "./shell.ts";

const COMMON: Readonly<Record<string, (shell: Shell) => string | undefined>> = {
  "?": ({ status }) => String(status),
  "-": flagsOf,
  "#": ({ args }) => String(args.length),
  "@": ({ args }) => args.join(" "),
  "*": ({ args }) => args.join(" "),
  $: ({ scriptPid }) => String(scriptPid),
  "!": ({ lastJob }) => lastJob?.toString(),
  "0": ({ name }) => name,
  LINENO: ({ line }) => String(line),
  PPID: ({ parentPid }) => String(parentPid),
  PWD: ({ cwd }) => cwd,
  OLDPWD: ({ previousCwd }) => (previousCwd === "" ? undefined : previousCwd),
};

const BASH: Readonly<Record<string, (shell: Shell) => string | undefined>> = {
  BASH_LINENO: ({ calls }) => String(calls[0] ?? 0),
  BASH_SOURCE: ({ name }) => name,
  BASH_COMMAND: ({ written }) => written,
  BASH_VERSION: (shell) => `${versionOf(shell)}(1)-release`,
  BASH: () => "/bin/bash",
  SHELL: ({ variables, user }) => variables.get("SHELL") ?? user.shell,
  BASHPID: ({ pid }) => String(pid),
  BASH_VERSINFO: (shell) => versionOf(shell).split(".")[0],
  FUNCNAME: ({ callees }) => callees[0],
  PIPESTATUS: ({ pipeStatus }) => String(pipeStatus[0] ?? 0),
  HOSTNAME: ({ machine }) => machine.hostName(),
  RANDOM: ({ machine }) =>
    String(
      Number.parseInt(
        machine
          .token()
          .replaceAll(/[^0-9a-f]/g, "")
          .slice(-4),
        16,
      ) % 32_768,
    ),
  SECONDS: (shell) => String(Math.floor((shell.machine.now() - shell.startedAt) / 1000) + offset(shell)),
  EPOCHSECONDS: ({ machine }) => String(Math.floor(machine.now() / 1000)),
  OSTYPE: () => "linux-gnu",
  UID: ({ user }) => String(user.uid),
  EUID: ({ user }) => String(user.uid),
  HOSTTYPE: ({ machine }) => (machine.architecture === "arm64" ? "aarch64" : "x86_64"),
};

/** By the system: bash of Alibaba Cloud Linux 3 is that of the rpm family's eighth release. */
function versionOf({ machine }: Shell): string {
  const { id, version } = machine.disk.os ?? {};
  if (id !== "ubuntu") return "4.4.20";
  return { "20.04": "5.0.17", "22.04": "5.1.16" }[version ?? ""] ?? "5.2.21";
}

const offset = (shell: Shell): number => Number(shell.variables.get("SECONDS") ?? 0);

export function special(shell: Shell, name: string): string | undefined {
  if (/^\d+$/.test(name) && name !== "0") return shell.args[Number(name) - 1];
  const answer = Object.hasOwn(COMMON, name)
    ? COMMON[name]
    : shell.dialect === "bash" && Object.hasOwn(BASH, name)
      ? BASH[name]
      : undefined;
  return answer?.(shell);
}

/** Arrays that the shell itself answers. */
export function specialList(shell: Shell, name: string): readonly string[] | undefined {
  if (shell.dialect === "dash") return undefined;
  switch (name) {
    case "BASH_LINENO":
      return [...shell.calls, 0].map(String);
    case "BASH_SOURCE":
      return [...shell.callees.map(() => shell.name), shell.name];
    case "FUNCNAME":
      return shell.callees.length === 0 ? [] : [...shell.callees, "main"];
    case "BASH_VERSINFO":
      return [...versionOf(shell).split("."), "1", "release", "x86_64-redhat-linux-gnu"];
    case "PIPESTATUS":
      return shell.pipeStatus.map(String);
    default:
      return undefined;
  }
}
