/** The ids that one call returned, in an object of the run: a thousand of them would not fit into an event. */
import { inBatches } from "../../../shared/in-batches.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { getObject, putObject } from "../../../shared/cloud/oss/objects.ts";
import { outputKey } from "../../../shared/keys.ts";

/** The page of launch call number `n`, and of the wakes from number `n` on. */
export const launchPage = (n: number): string => `launch-${n}`;
export const wakePage = (n: number): string => `wake-${n}`;
export const isWakePage = (name: string): boolean => name.startsWith("wake-");
export const isLaunchPage = (name: string): boolean => name.startsWith("launch-");

/** Writes a page. A repeat of its call writes the same ids: the call has a token. */
export async function writePage(
  client: CloudClient,
  run: string,
  name: string,
  ids: readonly string[],
): Promise<void> {
  await putObject(client, outputKey(run, name), ids.join("\n"), { contentType: "text/plain" });
}

/** The ids of a page; undefined while its call has not been answered. */
export async function readPage(
  client: CloudClient,
  run: string,
  name: string,
): Promise<string[] | undefined> {
  const object = await getObject(client, outputKey(run, name));
  return object?.text.split("\n").filter(Boolean);
}

/** All ids of several pages. */
export async function readPages(
  client: CloudClient,
  run: string,
  names: readonly string[],
): Promise<string[]> {
  const read = await inBatches(names, (name) => readPage(client, run, name));
  return read.flatMap((ids) => ids ?? []);
}
