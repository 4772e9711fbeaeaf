/** Which bucket and object a request names: in the path, in the Host header or as a sub-domain. */
import type { WireRequest } from "../core/kernel.ts";
import { decode, header, splitUrl } from "../core/signatures.ts";

export interface OssAddress {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  /** Parameters in order; an absent value (`?acl`) reads as the empty one. */
  readonly query: readonly (readonly [string, string])[];
}

/** Host names that are the service itself, so that the bucket must be in the path. */
const SERVICE = /^(?:\d+\.\d+\.\d+\.\d+|localhost|\[::1\]|oss-[\w-]+\.aliyuncs\.com)$/;

/** A path decoded: `+` is a space, as OSS reads it in a URL and in x-oss-copy-source; `%2B` is plus. */
export const decodePath = (path: string): string => decode(path.replaceAll("+", "%20")).replace(/^\//, "");

/** Reads bucket, key and parameters. */
export function readAddress(request: WireRequest): OssAddress {
  const host = header(request, "host").replace(/:\d+$/, "");
  const { path, query } = splitUrl(request.url);
  const decoded = decodePath(path);
  if (!SERVICE.test(host) && host !== "") {
    const bucket = host.split(".")[0] ?? "";
    return { bucket: bucket === "" ? undefined : bucket, key: decoded === "" ? undefined : decoded, query };
  }
  const slash = decoded.indexOf("/");
  const bucket = slash === -1 ? decoded : decoded.slice(0, slash);
  const key = slash === -1 ? "" : decoded.slice(slash + 1);
  return { bucket: bucket === "" ? undefined : bucket, key: key === "" ? undefined : key, query };
}
