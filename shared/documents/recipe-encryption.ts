/** `encrypt`, and the keys of `promote.regions`: where an image is encrypted (shared/encryption.ts). */
import * as z from "zod/mini";
import { mapOf } from "../map-of.ts";
import { closed, finding, short, type Finding } from "./fields.ts";
import { kmsKeyId, regionId } from "./names.ts";
import { builderIn, kindOf, type Source } from "./recipe-source.ts";

/** A region, and what encrypts the copy there: a key, or the service key of the region. */
export const CopyRegion = short(
  (value) => (typeof value === "string" ? { region: value } : value),
  closed({
    region: regionId(),
    kmsKeyId: z.exactOptional(kmsKeyId()),
    encrypted: z.exactOptional(
      z.literal(true, { error: "must be true; without it the copy is encrypted as the image is" }),
    ),
  }),
);

/** `encrypt: true`, or a key for each region. */
export const Encrypt = short(
  (value) => (value === true ? {} : value),
  mapOf(regionId(), kmsKeyId(), "is no region; write an id like cn-hangzhou"),
);

/** `keys`, by region, encrypt there; service keys in `serviceKeyIn`, and `everywhere`: also in the other regions. */
interface Encryption {
  readonly everywhere: boolean;
  readonly keys: Readonly<Record<string, string>>;
  readonly serviceKeyIn?: readonly string[];
}

/** The encryption that the two places of a recipe with keys ask for together; undefined without any. */
export function encryptionOf(
  encrypt: Readonly<Record<string, string>> | undefined,
  regions: readonly z.infer<typeof CopyRegion>[],
): Encryption | undefined {
  const own = regions.flatMap(({ region, kmsKeyId: key }) =>
    key === undefined ? [] : [[region, key] as const],
  );
  const keys = { ...encrypt, ...Object.fromEntries(own) };
  const keyless = regions.filter(({ region, encrypted }) => encrypted === true && !(region in keys));
  if (encrypt === undefined && own.length + keyless.length === 0) return undefined;
  const serviceKeyIn = keyless.map(({ region }) => region);
  return { everywhere: encrypt !== undefined, keys, ...(serviceKeyIn.length > 0 && { serviceKeyIn }) };
}

interface Written {
  readonly source: Source;
  readonly encrypt?: Readonly<Record<string, string>>;
  readonly promote: {
    readonly accounts: readonly string[];
    readonly regions: readonly z.infer<typeof CopyRegion>[];
  };
}

/** An import is never encrypted, and what the service key encrypts cannot be shared (CIPHER-2). */
export function encryptionFindings(written: Written): readonly Finding[] {
  const { source, encrypt, promote } = written;
  const isShared = Object(promote.accounts).length > 0;
  const keyless = isShared ? regionWithoutKey(written) : undefined;
  return [
    ...finding(
      kindOf(source) === "upload" && encrypt !== undefined,
      ["encrypt"],
      "is not known to imports (ImportImage); encrypt the copies, with encrypted: true or kmsKeyId in promote.regions, or leave it out",
    ),
    ...finding(
      keyless !== undefined,
      ["promote", "accounts"],
      `cannot get an image that the service key encrypts; name a key of yours ${keyless}`,
    ),
  ];
}

/** Where to name a key instead of the service key. */
function regionWithoutKey(written: Written): string | undefined {
  const { encrypt, promote } = written;
  const { keys = {}, serviceKeyIn: [keyless] = [] } = encryptionOf(encrypt, promote.regions) ?? {};
  if (encrypt === undefined && keyless !== undefined) return `as kmsKeyId of ${keyless} in promote.regions`;
  const home = keyAtHome(written);
  if (home === "not asked for") return undefined;
  if (home === "missing") return "under encrypt: for the region of the deployment";
  const region = promote.regions.find((one) => !(one.region in keys))?.region;
  return region === undefined ? undefined : `under encrypt: for ${region}`;
}

/** The region of the deployment is not known here: any key may be its own. */
function keyAtHome({ source, encrypt }: Written): "not asked for" | "missing" | "there" {
  const { systemDisk: disk = {} } = builderIn(source);
  if (encrypt === undefined && !disk.encrypted) return "not asked for";
  return disk.kmsKeyId === undefined && Object.keys(encrypt ?? {}).length === 0 ? "missing" : "there";
}
