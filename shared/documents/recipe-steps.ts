/** Commands that run on an instance through Cloud Assistant: provisioning and image tests. */
import * as z from "zod/mini";
import { scriptOf } from "../ephemeral-instance/command-script.ts";
import { minutes } from "../duration.ts";
import { mapOf } from "../map-of.ts";
import { isReboot, REBOOT_ADVICE } from "../reboots.ts";
import { knowPrivate } from "../redact.ts";
import { closed, duration, finding, inMs, oneLine, orEmpty, rule, short, slipsIn, text } from "./fields.ts";
import { KEY_PATTERN } from "./names.ts";
import { quote } from "./quotes.ts";

/** RunCommand: content after base64, together with its parameters. */
const MAX_COMMAND_BASE64_BYTES = 24 * 1024;
/** RunCommand.WorkingDir and Username. */
const MAX_WORKING_DIR = 200;
const MAX_USERNAME = 255;
const MAX_STEPS = 100;
/** Without those that take a value, read commands elsewhere (c, i, l, s) or run nothing (n, t). */
const SHELL = /^(?=.{1,100}$)(?:\/[A-Za-z0-9._+-]+)*\/(?:ba|da|a|k|mk|z)?sh(?: -[aefuvxCET]+)?$/;
/** Stops at the first command that fails. */
const USUAL_SHELL = "/bin/bash -e";
/** RunCommand takes at least 10 s; a day is the longest a bake may take anyway. */
const TIMEOUT: readonly [string, string] = ["10s", "1d"];

const Environment = mapOf(
  text(/^[A-Za-z_][A-Za-z0-9_]*$/, "be a name of a variable, letters, digits and _"),
  z.string(),
  "cannot be the name of a variable; choose another",
).check(z.check(({ value }) => knowPrivate(Object.values(value))));

/** The key of an object in a folder. One sentence for every wrong key, with the one that is meant. */
const keyUnder = (folder: string) =>
  z.string().check(
    rule<string>([], (key) => {
      if (/\n|^#!/.test(key))
        return finding(
          true,
          [],
          `must be the key of an object under ${folder}, and is a text; ${folder === "scripts/" ? "write it below run: |" : "put it there, and write its key"}`,
        );
      if (/^(?!oss:)\w+:\/\//.test(key))
        return finding(
          true,
          [],
          `must be the key of an object under ${folder}, and is an address; put the file there, and write its key`,
        );
      if (new RegExp(`[\\s,;，；、]${folder}`, "u").test(key))
        return finding(
          true,
          [],
          `must be the key of one object under ${folder}, and names several; make a step of each`,
        );
      const isObject = KEY_PATTERN.test(key) && /[^/\s]$/.test(key);
      if (isObject && key.startsWith(folder)) return [];
      const parts = key
        .replaceAll("\\", "/")
        .replace(/^\s*oss:\/\/[^/]+\//, "")
        .split("/")
        .filter((part) => !["", ".", ".."].includes(part.trim()));
      const name = parts
        .join("/")
        .trim()
        .replace(new RegExp(`^${folder}|^${folder.slice(0, -1)}$`), "");
      const meant =
        name === "" ? `${folder} and the name of the object behind it` : `${folder}${quote(name)}`;
      return finding(true, [], `must be the key of an object under ${folder}; write ${meant}`);
    }),
  );

/** A path that is quoted in a script. Linux takes 4,096 bytes for a path and 255 for a name. */
const filePath = text(
  /^(?!.*\/\.{1,2}(?:\/|$))(?:\/[^/\p{Cc}]{1,255}){1,40}$/u,
  "be the absolute path of a file, without . and .. in it, like /etc/app/app.conf",
);
/** YAML reads 0640 without quotes as the number 640. */
const fileMode = text(/^0?[0-7]{3,4}$/, 'be three or four octal digits in quotes, like "0644"');
const fileOwner = text(
  /^[a-z_][a-z0-9_.-]{0,31}\$?(?::[a-z_][a-z0-9_.-]{0,31}\$?)?$/,
  "be a user, or a user and a group, like nginx:nginx",
);

/** How often a step is repeated at most. */
const RETRIES_MAX = 10;
const EXIT_CODES_MAX = 20;
const ExitCodes = z
  .array(z.int("must be a whole number from 0 to 255").check(z.minimum(0), z.maximum(255)))
  .check(z.minLength(1, "must name an exit code"), z.maxLength(EXIT_CODES_MAX));

/** Of a step that names none. */
const DEFAULT_TIMEOUT_MS = minutes(10);

const shape = {
  name: z.exactOptional(oneLine(1, 100)),
  run: z.exactOptional(z.string().check(z.regex(/\S/, "must not be empty"))),
  script: z.exactOptional(keyUnder("scripts/")),
  file: z.exactOptional(keyUnder("files/")),
  to: z.exactOptional(filePath),
  mode: z.exactOptional(fileMode),
  owner: z.exactOptional(fileOwner),
  reboot: z.exactOptional(z.literal(true, "must be true; remove the step for no reboot")),
  timeout: z.exactOptional(duration(...TIMEOUT)),
  environment: orEmpty(Environment, {}),
  shell: z.exactOptional(
    text(
      SHELL,
      "be the path of a shell with at most one group of the flags aefuvxCET, like /bin/bash -eux or /bin/sh",
    ),
  ),
  workingDir: z.exactOptional(
    oneLine(1, MAX_WORKING_DIR).check(z.startsWith("/", "must be an absolute path")),
  ),
  user: z.exactOptional(
    oneLine(1, MAX_USERNAME).check(z.regex(/^\S*$/, "must be the name of a user, without spaces")),
  ),
  retries: z._default(
    z.int(`must be a whole number from 0 to ${RETRIES_MAX}`).check(z.minimum(0), z.maximum(RETRIES_MAX)),
    0,
  ),
  okExitCodes: z.exactOptional(ExitCodes),
};

export type WrittenStep = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

type Kind = "run" | "script" | "file" | "reboot";
const KINDS: readonly Kind[] = ["run", "script", "file", "reboot"];
/** Keys that say nothing in a step of a kind. */
const MEANINGLESS: Readonly<Record<Kind, readonly (keyof WrittenStep)[]>> = {
  run: ["to", "mode", "owner"],
  script: ["to", "mode", "owner"],
  file: ["shell", "workingDir", "user", "okExitCodes"],
  reboot: ["shell", "workingDir", "user", "okExitCodes", "to", "mode", "owner"],
};

const written = closed(shape).check(
  rule<WrittenStep>([...KINDS], (step) => {
    const kinds = KINDS.filter((kind) => step[kind] !== undefined).length;
    const remedy = kinds === 0 ? "write run: and a command" : "make a step of each";
    const message = `must have exactly one of run, script, file and reboot, has ${kinds}; ${remedy}`;
    return finding(kinds !== 1, [], message);
  }),
  rule<WrittenStep>([...KINDS, "environment"], (step) => {
    const kind = KINDS.find((one) => step[one] !== undefined) ?? "run";
    const sets = kind === "file" || kind === "reboot" ? Object.keys(step.environment).length > 0 : false;
    const wrong = [...MEANINGLESS[kind].filter((key) => key in step), ...(sets ? ["environment"] : [])];
    return wrong.flatMap((key) => finding(true, [key], `has no meaning for a step with ${kind}; remove it`));
  }),
  rule<WrittenStep>(["file", "to"], ({ file, to }) =>
    finding(
      file !== undefined && to === undefined,
      ["to"],
      "is missing: the path of the file on the instance",
    ),
  ),
  rule<WrittenStep>(["run", "script", "shell"], ({ run, script, shell }) => {
    const own = script === undefined ? run?.startsWith("#!") : true;
    const message = `must be left out; ${script === undefined ? "run" : "a script"} says in its first line, #!…, what reads it`;
    return finding(shell !== undefined && own === true, ["shell"], message);
  }),
  rule<WrittenStep>(["run"], ({ run = "" }) =>
    finding(
      !run.includes("\n") && hasOddSpace(run),
      ["run"],
      "holds an invisible character outside of quotes, which a shell takes as part of a word",
    ),
  ),
  rule<WrittenStep>(["run"], ({ run = "" }) => (hasOddSpace(run) ? [] : slipsIn(run, ["run"]))),
  rule<WrittenStep>(["run"], ({ run = "" }) =>
    finding(isReboot(run), ["run"], `restarts the machine before its end is known; ${REBOOT_ADVICE}`),
  ),
  // A step that is refused cannot be completed.
  rule<WrittenStep>(["*"], (step) => {
    const whole = complete(step);
    const text = whole.kind === "run" ? scriptOf(whole, whole.command) : "";
    const sent = Math.ceil(Buffer.byteLength(text) / 3) * 4;
    const message = `must fit into ${MAX_COMMAND_BASE64_BYTES} bytes as base64 with its environment, has ${sent}; put it into an object under scripts/`;
    return finding(step.run !== undefined && sent > MAX_COMMAND_BASE64_BYTES, ["run"], message);
  }),
);

interface Around {
  /** Its name in the record: the given one, or the command's first line. */
  readonly name: string;
  readonly timeoutMs: number;
  /** How often it is repeated after a failure. */
  readonly retries?: number;
  /** Exit codes beside 0 that are no failure. */
  readonly okExitCodes?: readonly number[];
}

/** One command of a recipe, complete. */
export type Step =
  | (Around & {
      readonly kind: "run" | "script";
      /** The command itself, or the key of the object that holds it. */
      readonly command: string;
      /** The shell, written before the command; absent: the command's own first line, or the agent's `sh`. */
      readonly shell?: string;
      readonly environment: Readonly<Record<string, string>>;
      readonly workingDir?: string;
      readonly user?: string;
    })
  | FileStep
  | (Around & { readonly kind: "reboot" });

/** An object of the bucket that becomes a file of the instance. */
export interface FileStep extends Around {
  readonly kind: "file";
  /** The key of the object. */
  readonly file: string;
  readonly to: string;
  /** Octal; 0644 when absent. */
  readonly mode?: string;
  readonly owner?: string;
}

/** A step that runs something. */
export type CommandStep = Extract<Step, { readonly command: string }>;

/** A step with what it leaves out. */
export function complete({ timeout = DEFAULT_TIMEOUT_MS, ...step }: WrittenStep): Step {
  const { retries, okExitCodes, timeoutMs, ...rest } = inMs({ ...step, timeout }, "timeout");
  const around = { timeoutMs, ...(retries > 0 && { retries }), ...(okExitCodes && { okExitCodes }) };
  const { name, run, script, file, to = "", mode, owner, reboot, ...reads } = rest;
  if (reboot) return { kind: "reboot", name: name ?? "reboot", timeoutMs };
  if (file === undefined)
    return { ...commandOf(run, script, reads), ...(name !== undefined && { name }), ...around };
  const rights = { ...(mode !== undefined && { mode }), ...(owner !== undefined && { owner }) };
  return { kind: "file", name: name ?? `${file} to ${to}`, ...around, file, to, ...rights };
}

type Reads = Pick<WrittenStep, "shell" | "environment" | "workingDir" | "user">;

function commandOf(run: string | undefined, script = "", { shell = USUAL_SHELL, ...places }: Reads) {
  const command = run ?? script;
  const reads = run === undefined || run.startsWith("#!") ? {} : { shell };
  const kind = run === undefined ? ("script" as const) : ("run" as const);
  return { kind, name: firstLine(command), command, ...reads, ...places };
}

function firstLine(command: string): string {
  const [first = ""] = command.trim().split("\n", 1);
  return first.replaceAll(/\p{Cc}/gu, " ").slice(0, 60);
}

/** A space that is none, in a command, outside of quotes and beside a character of commands. */
function hasOddSpace(command: string): boolean {
  const bare = command.replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"/g, "");
  return /[!-~](?! )[\p{Zs}\p{Cf}]|(?! )[\p{Zs}\p{Cf}][!-~]/u.test(bare);
}

/** An entry that is neither a command nor a map of a step's keys, most often a command that YAML reads as something else. */
const oneStep = z.check(({ value, issues }) => {
  const message = stepProblem(value);
  if (message !== undefined) issues.push({ code: "custom", input: value, message, continue: false });
});

function stepProblem(value: unknown): string | undefined {
  if (value === null) return "is empty; write a command behind the -, or remove the line";
  if (Array.isArray(value))
    return "must be one command, not a list; put quotes around a command that begins with [ or -";
  if (typeof value === "object") return notOneText(value);
  return typeof value === "string" ? notOneCommand(value) : "must be a command as text; put quotes around it";
}

/** The keys of a step. */
export const STEP_KEYS: readonly string[] = Object.keys(shape);

/** The beginning of a message about a text that was meant as a map. */
export const KEY_OF_STEP = "begins with a key of a step, but without a colon and a space behind it";
const KEY_WITHOUT_COLON = new RegExp(String.raw`^(?:${STEP_KEYS.join("|")})(?:\s*：|\u3000|:(?=\S))`);

/** A shell would look for programs of these names. */
function notOneCommand(value: string): string | undefined {
  const line = value.trim();
  if (KEY_WITHOUT_COLON.test(line)) return `${KEY_OF_STEP}; write both as ordinary characters`;
  return /^[—－–−（【［｛＃]/.test(line)
    ? `begins with ${line[0]}, as no command does; write the ordinary character`
    : undefined;
}

/** `- curl -H Host: x` is a map with one key, which no step has. */
function notOneText(value: object): string | undefined {
  const [only = "", ...more] = Object.keys(value);
  return more.length === 0 && /\s/.test(only.trim()) && !KEY_WITHOUT_COLON.test(only.trim())
    ? 'a command that contains ": " or ends with : must be quoted, or written on the lines below run: |'
    : undefined;
}

/** A command named reboot would take the agent away before it can answer. */
const ofText = (text: string): object => (text.trim() === "reboot" ? { reboot: true } : { run: text });

/** One line of text is short for `{run: …}`, and `reboot` for `{reboot: true}`. */
const step = z.pipe(
  z.unknown().check(oneStep),
  short((value) => (typeof value === "string" ? ofText(value) : value), written),
);

/** A list of steps as they are written, for rules that ask what is. */
export const WrittenSteps = z.array(step).check(z.maxLength(MAX_STEPS));

/** A list of steps. */
export const Steps = z.array(z.pipe(step, z.transform(complete))).check(z.maxLength(MAX_STEPS));
