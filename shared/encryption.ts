/**
 * Where an image is to be encrypted, and with which key. Pure.
 *
 * CIPHER-1. An image is encrypted as its disks are, so a builder gets encrypted disks; a copy is encrypted by CopyImage.
 *     Nothing takes the encryption away again. https://www.alibabacloud.com/help/en/ecs/user-guide/encrypt-custom-images-1
 * CIPHER-2. Without a key the cloud takes the service key of the region; such an image cannot be shared.
 *     https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-modifyimagesharepermission
 */
/** A key of the Key Management Service; without one it is the service key. */
export interface Cipher {
  readonly kmsKeyId?: string;
}

/** The parts of a recipe that say so. */
export interface Encrypting {
  readonly source: {
    readonly kind: string;
    readonly systemDisk?:
      | { readonly encrypted?: boolean | undefined; readonly kmsKeyId?: string | undefined }
      | undefined;
  };
  readonly encryption?:
    | {
        readonly everywhere: boolean;
        readonly keys: Readonly<Record<string, string>>;
        readonly serviceKeyIn?: readonly string[] | undefined;
      }
    | undefined;
}

/** How the image of a recipe is to be encrypted in a region; undefined when it need not be. */
export function cipherIn(
  { source, encryption }: Encrypting,
  region: string,
  home: string,
): Cipher | undefined {
  const key = encryption?.keys[region];
  if (key !== undefined) return { kmsKeyId: key };
  const disk = source.kind === "builder" ? (source.systemDisk ?? {}) : {};
  if (disk.encrypted && region === home && disk.kmsKeyId !== undefined) return { kmsKeyId: disk.kmsKeyId };
  return disk.encrypted || asksServiceKey(encryption, region) ? {} : undefined;
}

const asksServiceKey = (encryption: Encrypting["encryption"], region: string): boolean =>
  encryption !== undefined && (encryption.everywhere || encryption.serviceKeyIn?.includes(region) === true);

/** Why an image does not fit what its recipe asks for in a region. */
export function plainProblem(
  document: Encrypting,
  image: { readonly id: string; readonly encrypted: boolean },
  region: string,
  home: string,
): string | undefined {
  if (image.encrypted || cipherIn(document, region, home) === undefined) return undefined;
  const advice =
    region === home
      ? "use a builder, whose disks Kiln encrypts, or a source with encrypted disks, and bake again"
      : "delete this copy, and promote again";
  return `${image.id} in ${region} is not encrypted on all its disks, and the recipe asks for it; ${advice}`;
}
