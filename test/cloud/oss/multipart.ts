/** Uploads in parts. Their pieces live beside the store until they become an object. */
import { createHash } from "node:crypto";
import { CloudFault } from "../kernel.ts";
import { empty, type Operation, type OssRequest, xml } from "./operation.ts";
import { type PutOptions } from "./store.ts";
import { readPutOptions } from "./objects.ts";
import { contents, document, unescape } from "./xml.ts";

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly options: PutOptions;
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>;
}

/** The multipart operations over uploads of their own. */
export function createMultipartOperations(): Readonly<Record<string, Operation>> {
  const uploads = new Map<string, Upload>();

  const find = ({ query, bucket, key }: OssRequest): Upload => {
    const upload = uploads.get(query.get("uploadId") ?? "");
    if (upload?.bucket === bucket && upload.key === key) return upload;
    throw new CloudFault(404, "NoSuchUpload", "The specified upload does not exist.");
  };

  return {
    InitiateMultipartUpload: (request, { store, kernel }) => {
      const { bucket, key } = request;
      store.createdAt(bucket);
      const uploadId = kernel.id("").toUpperCase();
      uploads.set(uploadId, { bucket, key, options: readPutOptions(request), parts: new Map() });
      return xml(document("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId: uploadId }));
    },
    UploadPart: (request) => {
      const number = Number(request.query.get("partNumber") ?? Number.NaN);
      if (!Number.isInteger(number) || number < 1 || number > 10_000) {
        throw new CloudFault(400, "InvalidArgument", "Part number must be an integer between 1 and 10000.");
      }
      readPutOptions(request);
      const etag = createHash("md5").update(request.body).digest("hex").toUpperCase();
      find(request).parts.set(number, { body: request.body, etag });
      return empty(200, { etag: `"${etag}"` });
    },
    ListParts: (request) => {
      const { bucket, key, parts } = find(request);
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
    },
    CompleteMultipartUpload: (request, { store }) => {
      const { bucket, key, options, parts } = find(request);
      const named = contents(request.body.toString("utf8"), "Part").map((part) => ({
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
      // As the cloud makes it: a digest of the parts' digests, with their count.
      const digests = Buffer.concat(chosen.map(({ etag }) => Buffer.from(etag, "hex")));
      const etag = `${createHash("md5").update(digests).digest("hex").toUpperCase()}-${chosen.length}`;
      const body = Buffer.concat(chosen.map((part) => part.body));
      store.put(bucket, key, body, { ...options, type: "Multipart", etag, by: "CompleteMultipartUpload" });
      uploads.delete(request.query.get("uploadId") ?? "");
      return xml(document("CompleteMultipartUploadResult", { Bucket: bucket, Key: key, ETag: `"${etag}"` }), {
        etag: `"${etag}"`,
      });
    },
    AbortMultipartUpload: (request) => {
      find(request);
      uploads.delete(request.query.get("uploadId") ?? "");
      return empty(204);
    },
  };
}
