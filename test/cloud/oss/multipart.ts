/** Uploads in parts. Their pieces live beside the store until they become an object. */
import { createHash } from "node:crypto";
import { CloudFault, type WireResponse } from "../core/kernel.ts";
import { empty, type Operation, type OssRequest, xml } from "./operation.ts";
import { type PutOptions } from "./store.ts";
import { readPutOptions } from "./objects.ts";
import { contents, document, unescape } from "./xml.ts";

interface Part {
  readonly body: Buffer;
  readonly etag: string;
}

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly options: PutOptions;
  readonly parts: Map<number, Part>;
}

type Uploads = Map<string, Upload>;

/** The multipart operations over one set of uploads. */
export function createMultipartOperations(): Readonly<Record<string, Operation>> {
  const uploads: Uploads = new Map();
  return {
    InitiateMultipartUpload: (request, { store, kernel }) => {
      const { bucket, key } = request;
      store.createdAt(bucket);
      const uploadId = kernel.id("").toUpperCase();
      uploads.set(uploadId, { bucket, key, options: readPutOptions(request), parts: new Map() });
      return xml(document("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId: uploadId }));
    },
    UploadPart: (request) => uploadPart(uploads, request),
    ListParts: (request) => listParts(uploads, request),
    CompleteMultipartUpload: (request, { store }) => {
      const upload = find(uploads, request);
      const { bucket, key, options } = upload;
      const { body, etag } = join(chosenParts(upload, request.body.toString("utf8")));
      store.put(bucket, key, body, { ...options, type: "Multipart", etag, by: "CompleteMultipartUpload" });
      uploads.delete(request.query.get("uploadId") ?? "");
      return xml(document("CompleteMultipartUploadResult", { Bucket: bucket, Key: key, ETag: `"${etag}"` }), {
        etag: `"${etag}"`,
      });
    },
    AbortMultipartUpload: (request) => {
      find(uploads, request);
      uploads.delete(request.query.get("uploadId") ?? "");
      return empty(204);
    },
  };
}

function find(uploads: Uploads, { query, bucket, key }: OssRequest): Upload {
  const upload = uploads.get(query.get("uploadId") ?? "");
  if (upload?.bucket === bucket && upload.key === key) return upload;
  throw new CloudFault(404, "NoSuchUpload", "The specified upload does not exist.");
}

function uploadPart(uploads: Uploads, request: OssRequest): WireResponse {
  const number = Number(request.query.get("partNumber") ?? Number.NaN);
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new CloudFault(400, "InvalidArgument", "Part number must be an integer between 1 and 10000.");
  }
  readPutOptions(request);
  const etag = createHash("md5").update(request.body).digest("hex").toUpperCase();
  find(uploads, request).parts.set(number, { body: request.body, etag });
  return empty(200, { etag: `"${etag}"` });
}

function listParts(uploads: Uploads, request: OssRequest): WireResponse {
  const { bucket, key, parts } = find(uploads, request);
  const sorted = [...parts].toSorted(([a], [b]) => a - b);
  return xml(
    document("ListPartsResult", {
      Bucket: bucket,
      Key: key,
      UploadId: request.query.get("uploadId"),
      NextPartNumberMarker: sorted.at(-1)?.[0] ?? 0,
      MaxParts: 1000,
      IsTruncated: false,
      Part: sorted.map(([number, { body, etag }]) => ({
        PartNumber: number,
        ETag: `"${etag}"`,
        Size: body.length,
      })),
    }),
  );
}

/** The parts that a CompleteMultipartUpload document names. @throws CloudFault for a wrong part or order. */
function chosenParts({ parts }: Upload, text: string): Part[] {
  const named = contents(text, "Part").map((part) => ({
    number: Number(contents(part, "PartNumber")[0]),
    etag: unescape(contents(part, "ETag")[0] ?? "").replaceAll('"', ""),
  }));
  const chosen = named.map(({ number, etag }) => {
    const part = parts.get(number);
    if (part?.etag !== etag.toUpperCase()) {
      throw new CloudFault(400, "InvalidPart", `Part ${number} is not there or its ETag differs.`);
    }
    return part;
  });
  if (named.some(({ number }, i) => i > 0 && number <= (named[i - 1]?.number ?? 0))) {
    throw new CloudFault(400, "InvalidPartOrder", "The list of parts was not in ascending order.");
  }
  return chosen;
}

/** The whole object. Its ETag is a digest of the digests of its parts, with their count. */
function join(parts: readonly Part[]): Part {
  const digests = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, "hex")));
  const etag = `${createHash("md5").update(digests).digest("hex").toUpperCase()}-${parts.length}`;
  return { body: Buffer.concat(parts.map((part) => part.body)), etag };
}
