/**
 * Reads the disks of an import that have a checksum beside them which OSS does not compute, and compares.
 *
 * HASH-1. An invocation reads for 40 seconds at most; what is hashed so far travels as the state of the hash, and the next
 *     one reads on. So a part whose answer breaks off, a crash and a second delivery cost that part, or these seconds, again.
 * HASH-2. Each part must be of the object that the plan has seen (its ETag): a file that is replaced fails the bake.
 * HASH-3. All of it takes at most 6 hours, 100 GB at 5 MB/s. Reading and hashing take a second of a whole CPU for
 *     290 MB, so 0.15 vCPU (s.yaml) allow about 40 MB/s, TLS not counted.
 * HASH-4. Memory is a few parts, whatever the size of the disk: 155 MB in all, of 256.
 */
import type { createSHA256 } from "hash-wasm";
import { readPart } from "../../../shared/cloud/oss/objects.ts";
import { formatDuration, hours, minutes, seconds } from "../../../shared/duration.ts";
import { CloudError } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import type { Base } from "./base.ts";
import { differs } from "./checksum.ts";
import { Capture, TagSnapshots } from "./image.ts";
import { diskKeys, Hash as HashEvent } from "./import.ts";
import type { PlannedInput } from "./input.ts";
import { releaseFailed } from "./release.ts";

/** Whole blocks of the hash: between two parts its state holds no bytes of the disk. */
const PART_BYTES = 4 * 1024 * 1024;
/** The last call may take 20 seconds more, and the function has a minute of work (s.yaml). */
const READ_MS = seconds(40);
const LIMIT_MS = hours(6);

type Hash = EventOf<typeof HashEvent>;

/** The import of a file: at once, or once its disks are compared with their checksums. */
export function captureFile(
  { file, toRead, compared: names }: Extract<Base, { readonly kind: "upload" }>,
  planned: { readonly note: string; readonly input: PlannedInput },
  { clock }: Pick<Ports, "clock">,
): Outcome {
  const compared = [...names];
  return toRead.length === 0
    ? next(Capture, { from: { file }, compared }, planned)
    : next(HashEvent, { file, disks: [...toRead], compared, read: 0, begunAt: clock.now() }, planned);
}

/** The phase that follows once every disk is compared. */
function compared({ file, imageId = "", compared: names }: Hash, note?: string): Outcome {
  return file === undefined
    ? next(TagSnapshots, { imageId }, { note })
    : next(Capture, { from: { file }, compared: names }, { note });
}

async function hashDisk(given: Hash, ports: Ports): Promise<Outcome> {
  const { file, imageId, begunAt } = given;
  const [disk, ...others] = given.disks;
  if (disk === undefined) return compared(given);
  const key = diskKeys(given.input)[disk.disk] ?? file?.key ?? "";
  const from = disk.from ?? `${key}.sha256`;
  const hasher = await hasherOf(given);
  const read = await readOn({ key, ...disk, from: hasher.from }, hasher.hash, ports);
  if (read === undefined)
    return releaseFailed({ imageId }, `${key} was replaced while it was compared; upload it again`);
  if (read < disk.size) {
    const note = `${key}: ${Math.floor((read / disk.size) * 100)} % of its bytes are hashed`;
    if (ports.clock.now() - begunAt > LIMIT_MS)
      return releaseFailed(
        { imageId },
        `${note} after ${formatDuration(LIMIT_MS)}; delete ${from} to bake without`,
      );
    const state = Buffer.from(hasher.hash.save()).toString("base64");
    return next(HashEvent, { ...stateOf(given), disks: given.disks, read, state }, { note });
  }
  const is = hasher.hash.digest();
  if (is !== disk.expected)
    return releaseFailed({ imageId }, differs(key, { kind: disk.kind, from, is, said: disk.expected }));
  const note = `${key} has the ${disk.kind} that ${from} says`;
  return others.length === 0
    ? compared(given, note)
    : next(HashEvent, { ...stateOf(given), disks: others, read: 0 }, { note });
}

const stateOf = ({ file, imageId, compared: names, begunAt }: Hash) => ({
  file,
  imageId,
  compared: names,
  begunAt,
});

type Hasher = Awaited<ReturnType<typeof createSHA256>>;

const CREATORS = {
  MD5: "createMD5",
  "SHA-1": "createSHA1",
  "SHA-256": "createSHA256",
  "SHA-512": "createSHA512",
} as const;

/** The hash as the event carries it. Another version of the library may not read that: then the disk is read again. */
async function hasherOf({
  read,
  state,
  disks: [disk],
}: Hash): Promise<{ readonly hash: Hasher; readonly from: number }> {
  // Compiled here only: no other invocation hashes a disk.
  const library = await import("hash-wasm");
  const hash = await library[CREATORS[disk?.kind ?? "SHA-256"]]();
  if (state === undefined) return { hash: hash.init(), from: 0 };
  try {
    return { hash: hash.load(Buffer.from(state, "base64")), from: read };
  } catch {
    return { hash: hash.init(), from: 0 };
  }
}

interface Reading {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly from: number;
}

/**
 * Hashes part after part, to the end of the disk or of the time. Answers how much is hashed; undefined when the object is
 * another one by now. @throws CloudError when not even one part could be read
 */
async function readOn(
  { key, etag, size, from }: Reading,
  hash: Hasher,
  { cloud, clock }: Ports,
): Promise<number | undefined> {
  const endAt = clock.now() + READ_MS;
  let read = from;
  while (read < size && (read === from || clock.now() < endAt)) {
    const bytes = Math.min(PART_BYTES, size - read);
    try {
      const part = await readPart(cloud, { key, etag, from: read, bytes });
      if (part === undefined) return undefined;
      hash.update(part);
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind !== "wait" || read === from) throw error;
      return read;
    }
    read += bytes;
  }
  return read;
}

export const hash = phase(HashEvent, {
  // Each invocation that reads a part begins the phase again; all together have LIMIT_MS.
  limitMs: minutes(30),
  run: hashDisk,
  compensate: ({ imageId }, reason) => releaseFailed({ imageId }, reason),
});
