/** The command that is sent for a step of a recipe. */
import type { CloudClient } from "../cloud/client.ts";
import { signedUrl } from "../cloud/oss/request.ts";
import { getObject, headObject } from "../cloud/oss/objects.ts";
import type { CommandStep, FileStep } from "../documents/recipe-steps.ts";
import { know } from "../redact.ts";
import { ok, problem, type Result } from "../result.ts";
import { COMMAND_MAX_BYTES, scriptOf, sentBytes, type Reader } from "./command-script.ts";
import { placing, runningFile, SCRIPT_MAX_BYTES, scriptFile, URL_LIFE_MS } from "./download.ts";

/** A command, complete. */
export interface Order {
  readonly step: CommandStep;
  readonly script: string;
  /** It only downloads the script of the step, and another command runs it. */
  readonly isDownload?: true;
}

/** Where a step stands in its recipe and on its instance. */
interface Where {
  readonly index: number;
  readonly isDownloaded: boolean;
  readonly reader: Reader;
  /** Whether the content of an object is the one that the run was planned with. */
  readonly isPlanned: (key: string, etag: string) => boolean;
}

/** The next command for a step. A problem: its object is missing, or its system cannot run it. @throws CloudError */
export async function orderFor(
  step: CommandStep | FileStep,
  where: Where,
  cloud: CloudClient,
): Promise<Result<Order>> {
  const { index, isDownloaded, reader } = where;
  if (step.kind === "file") return reader === "shell" ? fileOrder(step, where, cloud) : problem(LINUX_ONLY);
  if (step.kind === "run") return ok(orderOf(step, step.command, reader));
  if (isDownloaded) return ok(orderOf(step, runningFile(scriptFile(step, index)), reader));
  return scriptOrder(step, where, cloud);
}

const orderOf = (step: CommandStep, text: string, reader: Reader): Order => ({
  step,
  script: scriptOf(step, text, reader),
});

/** A script as a command, or the command that downloads it when it is too long for one. */
async function scriptOrder(
  step: CommandStep,
  { index, reader, isPlanned }: Where,
  cloud: CloudClient,
): Promise<Result<Order>> {
  const object = await getObject(cloud, step.command, COMMAND_MAX_BYTES);
  if (object === undefined) return problem(missing(step.command));
  const { size, text, etag } = object;
  if (size > SCRIPT_MAX_BYTES)
    return problem(`${step.command} has ${size} bytes, more than the ${SCRIPT_MAX_BYTES} that it may have`);
  if (!isPlanned(step.command, etag)) return problem(replaced(step.command));
  const order = size > COMMAND_MAX_BYTES ? undefined : orderOf(step, textOf(text, reader), reader);
  if (order !== undefined && sentBytes(order.script) <= COMMAND_MAX_BYTES) return ok(order);
  if (reader === "shell") return ok({ ...download(scriptFile(step, index), etag, cloud), isDownload: true });
  return problem(TOO_LONG);
}

async function fileOrder(step: FileStep, { isPlanned }: Where, cloud: CloudClient): Promise<Result<Order>> {
  const object = await headObject(cloud, step.file);
  if (object === undefined) return problem(missing(step.file));
  return isPlanned(step.file, object.etag)
    ? ok(download(step, object.etag, cloud))
    : problem(replaced(step.file));
}

const missing = (key: string): string => `the bucket has no object ${key}`;
/** Its upload starts the next bake, unless the recipe says otherwise. */
const replaced = (key: string): string =>
  `${key} was replaced after this bake had begun, so the image would not be made of what its tags say; bake again`;
const LINUX_ONLY = "files can be put on Linux only";
const TOO_LONG = `with its environment it is longer than the ${COMMAND_MAX_BYTES} bytes that a command may have`;

/** Shells of Linux take the line ends of Windows as a part of each line. */
const textOf = (text: string, reader: Reader): string =>
  reader === "shell" ? text.replaceAll("\r\n", "\n") : text;

function download(file: FileStep, etag: string, cloud: CloudClient): Order {
  const url = signedUrl(cloud, file.file, URL_LIFE_MS);
  know([url]);
  const step = placing(file, { url, etag });
  return { step, script: scriptOf(step, step.command) };
}
