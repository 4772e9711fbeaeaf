/**
 * Code that was uploaded: a zip file, unpacked into a folder of its own that is gone when the cloud is closed.
 *
 * CODE-1. A package comes in the call itself (`zipFile`, base64) or is an object of OSS (`ossBucketName`,
 *     `ossObjectName`), which the caller must be allowed to read.
 * CODE-2. Its checksum is the CRC-64 of the zip file; deploy tools compare it before they upload.
 * CODE-3. The bucket that packages are uploaded to belongs to Function Compute: a session for one object is all one gets.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc64 } from "../core/crc64.ts";
import { CloudFault, type Kernel, type Principal, refuseIf } from "../core/kernel.ts";
import type { KeyRing } from "../core/keys.ts";
import type { Objects } from "../core/object-events.ts";
import { unzip } from "./zip.ts";

const TOKEN_MS = 15 * 60_000;
const TEMP_ROLE = "fc-temp-bucket";

export interface CodePackage {
  /** Absolute. */
  readonly folder: string;
  readonly checksum: string;
  readonly bytes: number;
  /** The zip file; undefined for the folder of a manifest. */
  readonly archive?: Buffer;
}

/** `code` of CreateFunction and UpdateFunction. */
export interface CodeLocation {
  readonly zipFile?: string | undefined;
  readonly ossBucketName?: string | undefined;
  readonly ossObjectName?: string | undefined;
  readonly checksum?: string | undefined;
}

export class CodePackages {
  readonly #kernel: Kernel;
  readonly #keys: KeyRing;
  readonly #objects: Objects;
  #root: string | undefined;
  #count = 0;

  constructor(kernel: Kernel, keys: KeyRing, objects: Objects) {
    this.#kernel = kernel;
    this.#keys = keys;
    this.#objects = objects;
  }

  /** Credentials for one upload into the bucket of Function Compute. */
  token(): object {
    const { accountId, region } = this.#kernel;
    const bucket = `fc-temp-code-${region}`;
    const objectName = this.#kernel.id("code-");
    this.#objects.createForeignBucket(bucket, TEMP_ROLE);
    const Resource = `acs:oss:*:${accountId}:${bucket}/${accountId}/${objectName}`;
    const { id, secret, token } = this.#keys.assume(TEMP_ROLE, TOKEN_MS, {
      Version: "1",
      Statement: [{ Effect: "Allow", Action: "oss:PutObject", Resource }],
    });
    return {
      credentials: { AccessKeyId: id, AccessKeySecret: secret, SecurityToken: token },
      ossRegion: region,
      ossBucket: bucket,
      objectName,
    };
  }

  /** Unpacks what a call brings. @throws CloudFault when it is not there, damaged or not for this caller. */
  accept(location: CodeLocation, principal: Principal): CodePackage {
    const archive = this.#archiveOf(location, principal);
    const checksum = crc64(archive);
    const isWrong = location.checksum !== undefined && location.checksum !== checksum;
    refuseIf(isWrong, 400, "InvalidArgument", `the checksum of the code is ${checksum}`);
    const entries = unzip(archive);
    const folder = join(
      (this.#root ??= mkdtempSync(join(tmpdir(), "local-cloud-code-"))),
      String(this.#count++),
    );
    mkdirSync(folder);
    for (const { name, body } of entries) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), body);
    }
    return { folder, checksum, bytes: archive.length, archive };
  }

  close(): void {
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
  }

  #archiveOf({ zipFile, ossBucketName, ossObjectName }: CodeLocation, principal: Principal): Buffer {
    if (zipFile !== undefined) return Buffer.from(zipFile, "base64");
    const [bucket, key] = [ossBucketName, ossObjectName];
    if (bucket === undefined || key === undefined) {
      const message = "Either ossBucketName/ossObjectName or zipFile must be set";
      throw new CloudFault(400, "InvalidArgument", message);
    }
    const { accountId } = this.#kernel;
    const isUploaded = key.startsWith(`${accountId}/`) && bucket.startsWith("fc-temp-code-");
    if (!isUploaded) {
      this.#kernel.authorize(principal, "oss:GetObject", `acs:oss:*:${accountId}:${bucket}/${key}`);
    }
    const object = this.#objects.find(bucket, key);
    if (object !== undefined) return object.body;
    throw new CloudFault(400, "InvalidArgument", `there is no object ${key} in bucket ${bucket}`);
  }
}

/** The package of a folder that no call brought: an estimate of what its zip file would be. */
export function packageOf(folder: string): CodePackage {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const bodies = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .toSorted()
    .map((file) => readFileSync(file));
  const whole = Buffer.concat(bodies);
  return { folder, checksum: crc64(whole), bytes: whole.length };
}
