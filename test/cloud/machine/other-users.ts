/** Programs that run others as another user: `sudo`, `su` and `runuser`. */
import { membershipsOf, ROOT, userOf, usersOf } from "./accounts.ts";
import type { User } from "./accounts.ts";
import { complain, notSimulated } from "./answers.ts";
import type { Io, Program, Run } from "./machine.ts";
import { optionsOf } from "./options.ts";
import type { Given } from "./options.ts";
import { executed, surrounded } from "./shell/executed.ts";
import type { Shell } from "./shell/shell.ts";

export const OTHER_USERS: Readonly<Record<string, Program>> = {
  sudo,
  su: (args, io) => su("su", args, io),
  runuser: (args, io) => su("runuser", args, io),
};

const textsOf = ({ files }: Io) => ({ get: (path: string) => files.read(path) });

/** By name, or by number behind a `#`. */
function find(name: string, io: Io): User | undefined {
  const [, uid] = /^#(\d+)$/.exec(name) ?? [];
  if (uid === undefined) return name === "root" ? ROOT : userOf(textsOf(io), name);
  return usersOf(textsOf(io)).find((user) => String(user.uid) === uid);
}

const SUDO_OPTIONS = {
  letters: "u:HEnisSbkKvlg:h:p:C:T:D:AP",
  long: {
    user: "u",
    "set-home": "H",
    "preserve-env": "E",
    "non-interactive": "n",
    login: "i",
    shell: "s",
    stdin: "S",
    background: "b",
    "reset-timestamp": "k",
    "preserve-groups": "P",
  },
  isStrict: true,
} as const;

function* sudo(args: readonly string[], io: Io): Run {
  const given = optionsOf(args, SUDO_OPTIONS);
  const unknown =
    Array.from("bvlKghpCTDA").some((letter) => given.has(letter)) || given.unknown !== undefined;
  if (unknown) return notSimulated("sudo", args, io);
  const name = given.value("u") ?? "root";
  const user = find(name, io);
  if (user === undefined) return complain(io, `sudo: unknown user ${name}`);
  if (!maySudo(io)) return complain(io, "sudo: a terminal is required to read the password");
  const at = given.operands.findIndex((word) => !/^\w+=/.test(word));
  const settings = given.operands.slice(0, at === -1 ? undefined : at);
  const command = at === -1 ? [] : given.operands.slice(at);
  const environment = { ...environmentOf(user, given, io), ...Object.fromEntries(settings.map(pairOf)) };
  if (given.has("i") || given.has("s")) return yield* shellOf(user, command, { environment, given }, io);
  if (command.length === 0)
    return given.has("k") ? 0 : complain(io, "usage: sudo [-u user] [VAR=value] command");
  return yield* executed(io.shell, command, { user, environment, missing: 1 });
}

const pairOf = (text: string): [string, string] => {
  const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  return [name, value];
};

function* shellOf(
  user: User,
  command: readonly string[],
  { environment, given }: { readonly environment: Readonly<Record<string, string>>; readonly given: Given },
  io: Io,
): Run {
  const isLogin = given.has("i");
  const inner = surrounded(io.shell, { user, environment, ...(isLogin && { cwd: user.home }) });
  const text = command.length === 0 ? undefined : command.join(" ");
  return yield* byShell(inner, user, { text, isLogin });
}

const sudoersOf = ({ files }: Io): string =>
  ["/etc/sudoers", ...files.below("/etc/sudoers.d")].map((path) => files.read(path) ?? "").join("\n");

/** Root may; others need a rule without a password, because a script has no terminal. */
function maySudo(io: Io): boolean {
  const { user } = io.shell;
  if (user.uid === 0) return true;
  const names = [user.name, ...membershipsOf(textsOf(io), user).map(({ name }) => `%${name}`)];
  return sudoersOf(io)
    .split("\n")
    .some((line) => names.some((name) => new RegExp(String.raw`^${name}\s.*NOPASSWD:\s*ALL\b`).test(line)));
}

/** https://www.sudo.ws/docs/man/sudoers.man/ (Command environment) */
function environmentOf(user: User, given: Given, io: Io): Record<string, string> {
  const { shell } = io;
  const text = sudoersOf(io);
  const [, path] = /^Defaults\s+secure_path\s*=\s*"?([^"\n]+?)"?\s*$/m.exec(text) ?? [];
  const kept = [...text.matchAll(/^Defaults\s.*env_keep\s*\+?=\s*"?([^"\n]+)/gm)].flatMap(([, names = ""]) =>
    names.trim().split(/\s+/),
  );
  const before = shell.variables.exported();
  const isKept = (name: string): boolean => given.has("E") || [...kept, "LANG", "TERM"].includes(name);
  return {
    ...Object.fromEntries(Object.entries(before).filter(([name]) => isKept(name))),
    ...own(user),
    ...(given.has("E") && !given.has("H") && before["HOME"] !== undefined && { HOME: before["HOME"] }),
    PATH: path ?? before["PATH"] ?? "",
    SUDO_USER: shell.user.name,
    SUDO_UID: String(shell.user.uid),
    SUDO_GID: String(shell.user.gid),
  };
}

const own = ({ name, home, shell }: User): Record<"HOME" | "USER" | "LOGNAME" | "SHELL", string> => ({
  HOME: home,
  USER: name,
  LOGNAME: name,
  SHELL: shell,
});

interface ByShell {
  readonly text: string | undefined;
  readonly isLogin: boolean;
  /** Another shell than that of the user. */
  readonly path?: string | undefined;
}

/** Runs a text, or the input, by the shell of a user. */
function* byShell(inner: Shell, user: User, { text, isLogin, path = user.shell }: ByShell): Run {
  const base = path.split("/").at(-1) ?? "";
  if (base === "nologin") {
    inner.out("This account is currently not available.\n");
    return 1;
  }
  if (base === "false" || base === "true") return base === "false" ? 1 : 0;
  if (!/^(?:ba|da)?sh$/.test(base)) return inner.notSimulated(`the shell ${path} of ${user.name}`);
  const words = [base, ...(isLogin ? ["-l"] : []), ...(text === undefined ? [] : ["-c", text])];
  return yield* inner.part(inner.call(words));
}

/** `su [-] [user] [-c text]`, `runuser -u user -- command` */
function* su(program: "su" | "runuser", args: readonly string[], io: Io): Run {
  const given = optionsOf(
    args.map((arg) => (arg === "-" ? "-l" : arg)),
    {
      letters: "lc:s:u:mpf",
      long: { login: "l", command: "c", shell: "s", user: "u", "preserve-environment": "m" },
    },
  );
  if (given.unknown !== undefined || (given.has("u") && program === "su"))
    return notSimulated(program, args, io);
  const [first = "root", ...rest] = given.operands;
  const direct = given.value("u");
  const name = direct ?? first;
  const user = find(name, io);
  if (user === undefined) return complain(io, `${program}: user ${name} does not exist`);
  if (io.shell.user.uid !== 0)
    return complain(
      io,
      program === "su" ? "su: Authentication failure" : "runuser: may not be used by non-root users",
    );
  if (direct !== undefined) {
    const environment = { ...io.shell.variables.exported(), ...own(user) };
    return yield* executed(io.shell, given.operands, { user, environment });
  }
  if (rest.length > 0) return notSimulated(program, args, io);
  return yield* switched(user, given, io);
}

function* switched(user: User, given: Given, io: Io): Run {
  const isLogin = given.has("l");
  const before = io.shell.variables.exported();
  const changed = given.has("m") || given.has("p") ? {} : own(user);
  const environment = isLogin ? { ...own(user), PATH: loginPath(user) } : { ...before, ...changed };
  const inner = surrounded(io.shell, { user, environment, ...(isLogin && { cwd: user.home }) });
  return yield* byShell(inner, user, { text: given.value("c"), isLogin, path: given.value("s") });
}

const loginPath = ({ uid }: User): string =>
  uid === 0
    ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    : "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
