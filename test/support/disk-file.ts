/** Disk files to upload: small, with the headers of their format. */

const SECTOR = 512;

/** A disk of 20 GiB in `format`, which is the ending of its name; `mark` makes its bytes differ. */
export function diskFile(format: "qcow2" | "vhd" | "raw", mark = 1): Buffer {
  const file = Buffer.alloc(4096, mark);
  const size = 20n * 2n ** 30n;
  if (format === "raw") file.writeUInt16BE(0x55aa, SECTOR - 2);
  if (format === "qcow2") {
    file.write("QFI\u00fb", 0, "latin1");
    file.writeUInt32BE(3, 4);
    file.writeBigUInt64BE(size, 24);
  }
  if (format === "vhd") {
    const footer = file.length - SECTOR;
    file.write("conectix", footer, "latin1");
    file.writeBigUInt64BE(size, footer + 48);
  }
  return file;
}
