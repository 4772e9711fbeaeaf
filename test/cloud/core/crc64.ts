/** The CRC-64 of OSS and Function Compute (ECMA-182, reflected): what both show as the checksum of bytes. */

const POLYNOMIAL = 0xc96c5795d7870f42n;

/** High and low halves of the 256 remainders: whole ones would have to be BigInts, which are slow. */
const REMAINDERS = Array.from({ length: 256 }, (_, byte) => {
  let rest = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1n) === 1n ? (rest >> 1n) ^ POLYNOMIAL : rest >> 1n;
  return rest;
});
const HIGH = Int32Array.from(REMAINDERS, (rest) => Number(rest >> 32n));
const LOW = Int32Array.from(REMAINDERS, (rest) => Number(rest & 0xffffffffn));

/** As an unsigned decimal number, the way the APIs write it. */
export function crc64(bytes: Uint8Array): string {
  let [high, low] = [-1, -1];
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = (low >>> 8) | (high << 24);
    low ^= LOW[index] ?? 0;
    high = (high >>> 8) ^ (HIGH[index] ?? 0);
  }
  return String((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0));
}
