/** One run, and the outputs of its commands. */
import { getSmallObject, listObjects } from "../../../shared/cloud/oss/objects.ts";
import { answer, textAnswer, type HttpAnswer } from "../../../shared/http/answer.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { outputKey } from "../../../shared/keys.ts";
import { shownName } from "../../../shared/ephemeral-instance/shown-line.ts";
import type { Step } from "../../../shared/documents/recipe-steps.ts";
import { recordOf, standing, type RunRecord } from "../../../shared/workflow/run-log.ts";
import { readKnown } from "./rows.ts";

/** A command has its own output, by the role of its instance and its place in the document. */
const OUTPUT = /^[a-z]+-(\d+)$/;

/** The cloud keeps 24 KB of an output; Kiln adds a line. */
const OUTPUT_MAX_BYTES = 64 * 1024;

export interface RunDetails extends RunRecord {
  /** Names of the outputs of its commands, in their order. */
  readonly outputs: readonly string[];
  /** How many instances it is to launch. */
  readonly asked?: number;
  /** Of a check: the key of the object that it refuses. */
  readonly key?: string;
  /** What it was asked to do, and what it was made from; no document and no variable of a command. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The names of the commands that have outputs, by their numbers. */
  readonly commands: readonly string[];
}

/** The record of a run and its outputs; undefined without one. */
export async function run(id: string, ports: Ports): Promise<RunDetails | undefined> {
  const log = await readKnown(id, ports);
  const record = recordOf(id, log);
  return (
    record && {
      ...record,
      outputs: await outputsOf(id, ports),
      ...askedOf(record, Object(standing(id, log)?.event.input)),
    }
  );
}

function askedOf({ kind }: RunRecord, input: Input) {
  const { count: asked, key, document, plan } = input;
  const steps = kind === "promote" ? document?.test?.commands : document?.provision;
  const shown = Object.entries({ ...plan?.inputs, ...input }).filter(
    ([, value]) => typeof value !== "object",
  );
  return {
    ...(typeof asked === "number" && { asked }),
    ...(typeof key === "string" && kind === "check" && { key }),
    input: Object.fromEntries(shown),
    commands: (steps ?? []).map(shownName),
  };
}

/** Of the input of any run, what is read here. */
interface Input {
  readonly count?: unknown;
  readonly key?: unknown;
  readonly document?: {
    readonly provision?: readonly Step[];
    readonly test?: { readonly commands?: readonly Step[] };
  };
  readonly plan?: { readonly inputs?: Readonly<Record<string, string>> };
}

async function outputsOf(id: string, { cloud }: Ports): Promise<readonly string[]> {
  const folder = outputKey(id, "");
  const objects = await listObjects(cloud, folder, { most: 1000 });
  const number = (name: string): number => Number(OUTPUT.exec(name)?.[1]);
  return objects
    .map(({ key }) => key.slice(folder.length))
    .filter((name) => OUTPUT.test(name))
    .toSorted((a, b) => number(a) - number(b));
}

/** The output of a command as text, by its name or its number alone. */
export async function output(
  { run: id, output: asked }: { readonly run: string; readonly output: string },
  ports: Ports,
): Promise<HttpAnswer> {
  const outputs = await outputsOf(id, ports);
  const name = outputs.find((one) => one === asked || one.endsWith(`-${asked}`));
  const missing = `run ${id} has no output ${asked}; it has ${outputs.join(", ") || "none"}`;
  if (name === undefined) return answer(404, { error: missing });
  const read = await getSmallObject(ports.cloud, outputKey(id, name), OUTPUT_MAX_BYTES);
  const text = read.ok ? read.value?.text : read.problem;
  return text === undefined ? answer(404, { error: missing }) : textAnswer(text, "text/plain; charset=utf-8");
}
