/** The ids one call brought, in an object of the run: a thousand of them would not fit into an event. */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { getObject, putObject } from "../../shared/cloud/oss.ts";
import { outputKey } from "../../shared/run.ts";

/** Written again by a repeat of the call, with the same ids: the call has a token. */
export async function writeBatch(
  client: CloudClient,
  run: string,
  name: string,
  ids: readonly string[],
): Promise<void> {
  await putObject(client, outputKey(run, name), ids.join("\n"), { contentType: "text/plain" });
}

/** Undefined while the call has not been answered. */
export async function readBatch(
  client: CloudClient,
  run: string,
  name: string,
): Promise<string[] | undefined> {
  const object = await getObject(client, outputKey(run, name));
  return object?.text.split("\n").filter(Boolean);
}

/** All ids of several batches. */
export async function readBatches(
  client: CloudClient,
  run: string,
  names: readonly string[],
): Promise<string[]> {
  const read = await Promise.all(names.map((name) => readBatch(client, run, name)));
  return read.flatMap((ids) => ids ?? []);
}

/** Of the names of batches those that wakes or launches brought. */
export const wakesOf = (names: readonly string[]): string[] =>
  names.filter((name) => name.startsWith("wake-"));
export const launchesOf = (names: readonly string[]): string[] =>
  names.filter((name) => name.startsWith("launch-"));
