/** The signature of Function Compute's older clients: `Authorization: FC <key>:<base64>`. */
import { createHmac } from "node:crypto";
import { CloudFault, type WireRequest } from "../core/kernel.ts";
import { decode, header, type Signed, splitUrl } from "../core/signatures.ts";

/** Reads the FC V1 signature; undefined when the request carries none. The host is not part of it. */
export function readFcSignature(request: WireRequest): Signed | undefined {
  const authorization = header(request, "authorization");
  if (authorization === "") return undefined;
  const [keyId, given] = /^FC ([^:]+):(\S+)$/.exec(authorization)?.slice(1) ?? [];
  if (!keyId || !given) {
    throw new CloudFault(400, "InvalidArgument", `Cannot read the Authorization header: ${authorization}`);
  }
  const { path, query } = splitUrl(request.url);
  const fcHeaders = Object.keys(request.headers)
    .filter((name) => name.startsWith("x-fc-"))
    .toSorted()
    .map((name) => `${name}:${header(request, name)}\n`)
    .join("");
  const head = [
    request.method,
    header(request, "content-md5"),
    header(request, "content-type"),
    header(request, "date"),
    fcHeaders,
  ].join("\n");
  // HTTP calls (/proxy/…) sign their query besides, one parameter a line.
  const signedQuery = /^\/[\d-]+\/proxy\//.test(path)
    ? `\n${query
        .map(([key, value]) => `${key}=${value}`)
        .toSorted()
        .join("\n")}`
    : "";
  const token = header(request, "x-fc-security-token");
  return {
    scheme: "FC1",
    keyId,
    ...(token && { token }),
    at: Date.parse(header(request, "date")),
    given,
    stringsToSign: [`${head}${decode(path)}${signedQuery}`],
    sign: (secret, text) => createHmac("sha256", secret).update(text).digest("base64"),
  };
}
