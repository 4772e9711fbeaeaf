/** Commands that run inside a machine through Cloud Assistant: provisioning, and the tests of the gate. */
import * as z from "zod/mini";
import { minutes } from "../duration.ts";
import { closed, duration, finding, inMs, rule, short, text } from "./fields.ts";
import { objectKey } from "./names.ts";

/** RunCommand: content after base64, together with its parameters. */
const MAX_COMMAND_BASE64_BYTES = 24 * 1024;
/** RunCommand.WorkingDir and Username. */
const MAX_WORKING_DIR = 200;
const MAX_USERNAME = 255;
const MAX_STEPS = 100;
/** RunCommand takes at least 10 s; a day is the longest a bake may take anyway. */
const TIMEOUT: readonly [string, string] = ["10s", "1d"];

const shape = {
  name: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(100))),
  run: z.exactOptional(z.string().check(z.minLength(1, "must not be empty"))),
  script: z.exactOptional(objectKey().check(z.startsWith("scripts/", "must be an object under scripts/"))),
  reboot: z.exactOptional(z.literal(true, "must be true; leave it out for no reboot")),
  timeout: z._default(duration(...TIMEOUT), minutes(10)),
  environment: z._default(
    z.record(text(/^[A-Za-z_][A-Za-z0-9_]*$/, "be a name of a variable, letters, digits and _"), z.string()),
    {},
  ),
  workingDir: z.exactOptional(
    z.string().check(z.startsWith("/", "must be an absolute path"), z.maxLength(MAX_WORKING_DIR)),
  ),
  user: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(MAX_USERNAME))),
};

type Written = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

const written = closed(shape).check(
  rule<Written>(["run", "script", "reboot"], (step) => {
    const kinds = [step.run, step.script, step.reboot].filter((kind) => kind !== undefined).length;
    return finding(kinds !== 1, [], `must have exactly one of run, script and reboot, has ${kinds}`);
  }),
  rule<Written>(["reboot", "environment", "workingDir", "user"], (step) =>
    ["workingDir", "user"].flatMap((key) =>
      finding(step.reboot === true && key in step, [key], "has no meaning for a reboot; remove it"),
    ),
  ),
  rule<Written>(["run", "environment"], (step) => {
    const sent = Math.ceil(Buffer.byteLength(`${step.run}${JSON.stringify(step.environment)}`) / 3) * 4;
    const message = `must fit into ${MAX_COMMAND_BASE64_BYTES} bytes as base64 with its environment, has ${sent}; put it into an object under scripts/`;
    return finding(step.run !== undefined && sent > MAX_COMMAND_BASE64_BYTES, ["run"], message);
  }),
);

interface Around {
  /** What the journal calls it: the given name, or the command's first line. */
  readonly name: string;
  readonly timeoutMs: number;
}

/** One command of a recipe, complete. */
export type Step =
  | (Around & {
      readonly kind: "run" | "script";
      /** The command itself, or the key of the object that holds it. */
      readonly command: string;
      readonly environment: Readonly<Record<string, string>>;
      readonly workingDir?: string;
      readonly user?: string;
    })
  | (Around & { readonly kind: "reboot" });

function complete(step: Written): Step {
  const { name, run, script, reboot, ...rest } = inMs(step, "timeout");
  if (reboot) return { kind: "reboot", name: name ?? "reboot", timeoutMs: rest.timeoutMs };
  const command = run ?? script ?? "";
  return { kind: run === undefined ? "script" : "run", name: name ?? firstLine(command), command, ...rest };
}

function firstLine(command: string): string {
  return command.trim().split("\n", 1)[0]?.slice(0, 60) ?? "";
}

/** A list of steps; one line of text is short for `{run: …}`. */
export const Steps = z
  .array(
    short(
      (value) => (typeof value === "string" ? { run: value } : value),
      z.pipe(written, z.transform(complete)),
    ),
  )
  .check(z.maxLength(MAX_STEPS));
