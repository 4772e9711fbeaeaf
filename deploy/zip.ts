/** Writes zip files, as a deploy tool does: the same files give the same bytes. */
import { crc32, deflateRawSync } from "node:zlib";

const VERSION = 20;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const DEFLATED = 8;
/** The first day that the format knows. */
const DATE = 0x0021;

/** Numbers of 2 and 4 bytes, one after the other. */
function numbers(...parts: readonly (readonly [bytes: 2 | 4, value: number])[]): Buffer {
  return Buffer.concat(
    parts.map(([bytes, value]) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}

/** An archive of files by name, with `/` between folders. */
export function zipOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const sorted = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, content] of sorted) {
    const [body, label] = [Buffer.from(content), Buffer.from(name)];
    const packed = deflateRawSync(body);
    const common = Buffer.concat([
      numbers([2, VERSION], [2, FLAGS], [2, DEFLATED], [2, 0], [2, DATE]),
      numbers([4, crc32(body)], [4, packed.length], [4, body.length], [2, label.length], [2, 0]),
    ]);
    const local = Buffer.concat([numbers([4, 0x04034b50]), common, label, packed]);
    const rest = numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, at]);
    directory.push(Buffer.concat([numbers([4, 0x02014b50], [2, VERSION]), common, rest, label]));
    bodies.push(local);
    at += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = numbers(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, sorted.length],
    [2, sorted.length],
    [4, entries.length],
    [4, at],
    [2, 0],
  );
  return Buffer.concat([...bodies, entries, end]);
}
