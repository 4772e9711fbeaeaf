/** The data disks of an import: files that the recipe names, beside the system disk whose upload begins the bake. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { headObject } from "../../../shared/cloud/oss/objects.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { readDiskFormat } from "./disk-format.ts";
import type { ImportFile } from "./import.ts";

type Upload = Extract<Recipe["source"], { readonly kind: "upload" }>;

/** The keys of the data disks of an import, in the order of their devices. */
export const dataDiskKeys = ({ dataDisks = [] }: Upload, systemKey: string): readonly string[] =>
  dataDisks.map(({ file }) => `${systemKey.slice(0, systemKey.lastIndexOf("/") + 1)}${file}`);

interface DataDiskFiles {
  readonly files: NonNullable<ImportFile["dataDisks"]>;
  readonly etags: readonly string[];
}

/** The data disks as they are in the bucket. A problem: one that is missing, or that is no disk. */
export async function dataDiskFiles(
  source: Upload,
  systemKey: string,
  cloud: CloudClient,
): Promise<Result<DataDiskFiles>> {
  const files: DataDiskFiles["files"] = [];
  const etags: string[] = [];
  for (const [index, key] of dataDiskKeys(source, systemKey).entries()) {
    const head = await headObject(cloud, key);
    if (head === undefined)
      return problem(`source.upload.dataDisks: the bucket has no ${key}; upload it, then ${systemKey} again`);
    const format = await readDiskFormat(key, { use: "data" }, cloud);
    if (!format.ok) return format;
    const sizeGb = source.dataDisks?.[index]?.sizeGb;
    files.push({ key, format: format.value, ...(sizeGb !== undefined && { sizeGb }) });
    etags.push(head.etag);
  }
  return ok({ files, etags });
}

/** Why the upload of this file begins no bake; undefined for a system disk. */
export function dataDiskNote(source: Recipe["source"], key: string): string | undefined {
  if (source.kind !== "upload" || !dataDiskKeys(source, key).includes(key)) return undefined;
  return `${key} is a data disk; the bake begins when the system disk is uploaded, which comes last`;
}
