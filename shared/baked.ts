/**
 * The parameters that an image was baked with: an object that its bake writes before it changes anything, found by the
 * run and the digest in the image's tags.
 *
 * BAKED-1. Values that a caller gave stand beside all values: a later bake keeps the former, and takes defaults from the
 *     recipe as it is then.
 * BAKED-2. An image whose object is gone was baked with values that are not known, which is not the same as with none.
 * BAKED-3. Of a secret its name counts. Its value is nowhere.
 */
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import type { CloudClient } from "./cloud/client.ts";
import type { Image } from "./cloud/ecs/image.ts";
import { getObject, putObject } from "./cloud/oss/objects.ts";
import { readJson } from "./json.ts";
import { bakedKey } from "./keys.ts";
import { isRunId } from "./names.ts";
import type { Declarations } from "./requests/declared-parameters.ts";
import { TAG } from "./tags.ts";

const Values = z.record(z.string(), z.string());
const Baked = z.strictObject({ v: z.literal(1), given: Values, values: Values });
export type Baked = Pick<z.infer<typeof Baked>, "given" | "values">;

const DIGEST_LENGTH = 16;

/** The digest of a text, as tags of images hold it. */
export const tagDigest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, DIGEST_LENGTH);

/** The digest of parameters; of a secret it holds the name (BAKED-3). */
export function parametersDigest(values: Baked["values"], declared: Declarations = {}): string {
  const secrets = Object.entries(declared).flatMap(([name, { fromEnv }]) =>
    fromEnv === undefined ? [] : [[name, { fromEnv }] as const],
  );
  const all = [...Object.entries(values), ...secrets].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return tagDigest(JSON.stringify(all));
}

const NONE = parametersDigest({});

/** The parameters of an image of this deployment; undefined when they are not known (BAKED-2). @throws CloudError */
export async function readBaked(
  client: CloudClient,
  { tags }: Pick<Image, "tags">,
): Promise<Baked | undefined> {
  const { [TAG.run]: run = "", [TAG.inputParameters]: digest = "" } = tags;
  if (digest === NONE) return { given: {}, values: {} };
  const object = isRunId(run) ? await getObject(client, bakedKey(run, digest)) : undefined;
  const parsed = Baked.safeParse(object && readJson(object.text));
  return parsed.success ? parsed.data : undefined;
}

/** Keeps the parameters of a bake. Named by run and digest, so that a repeat writes the same. */
export async function writeBaked(
  client: CloudClient,
  run: string,
  digest: string,
  { given, values }: Baked,
): Promise<void> {
  if (digest === NONE) return;
  const text = JSON.stringify({ v: 1, given, values });
  await putObject(client, bakedKey(run, digest), text, { contentType: "application/json" });
}
