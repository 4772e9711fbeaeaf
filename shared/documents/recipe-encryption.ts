/** `encrypt`, and the keys of `promote.regions`: where an image is encrypted (shared/encryption.ts). */
import * as z from "zod/mini";
import { mapOf } from "../map-of.ts";
import { closed, finding, short, type Finding } from "./fields.ts";
import { kmsKeyId, regionId } from "./names.ts";
import { builderIn, kindOf, type Source } from "./recipe-source.ts";

/** A region, and the key that encrypts the copy there. */
export const CopyRegion = short(
  (value) => (typeof value === "string" ? { region: value } : value),
  closed({ region: regionId(), kmsKeyId: z.exactOptional(kmsKeyId()) }),
);

/** `encrypt: true`, or a key for each region. */
export const Encrypt = short(
  (value) => (value === true ? {} : value),
  mapOf(regionId(), kmsKeyId(), "is no region; write an id like cn-hangzhou"),
);

/** `keys`, by region, encrypt there; `everywhere`: also the other regions, with their service keys. */
interface Encryption {
  readonly everywhere: boolean;
  readonly keys: Readonly<Record<string, string>>;
}

/** The encryption that the two places of a recipe with keys ask for together; undefined without any. */
export function encryptionOf(
  encrypt: Readonly<Record<string, string>> | undefined,
  regions: readonly z.infer<typeof CopyRegion>[],
): Encryption | undefined {
  const own = regions.flatMap(({ region, kmsKeyId: key }) =>
    key === undefined ? [] : [[region, key] as const],
  );
  if (encrypt === undefined && own.length === 0) return undefined;
  return { everywhere: encrypt !== undefined, keys: { ...encrypt, ...Object.fromEntries(own) } };
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
      "is not known to imports (ImportImage); encrypt the copies, with kmsKeyId in promote.regions, or leave it out",
    ),
    ...finding(
      keyless !== undefined,
      ["promote", "accounts"],
      `cannot get an image that the service key encrypts; name a key of yours under encrypt: for ${keyless}`,
    ),
  ];
}

/** A region where the service key encrypts. The region of the deployment is not known here: any key may be its own. */
function regionWithoutKey({ source, encrypt, promote }: Written): string | undefined {
  const { systemDisk: disk = {} } = builderIn(source);
  if (encrypt === undefined && !disk.encrypted) return undefined;
  const keys = encryptionOf(encrypt, promote.regions)?.keys ?? {};
  const hasKeyAtHome = disk.kmsKeyId !== undefined || Object.keys(encrypt ?? {}).length > 0;
  if (!hasKeyAtHome) return "the region of the deployment";
  return promote.regions.find(({ region }) => !(region in keys))?.region;
}
