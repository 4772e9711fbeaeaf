/** Signing a request to the bucket, ours against the official client's (ali-oss, signature version 4). */
import OSS from "ali-oss";
import { connect } from "../../shared/cloud/client.ts";
import { signedHeaders } from "../../shared/cloud/oss/request.ts";
import { micros, millisOf, type Bench } from "./measure.ts";
import { known } from "../support/known.ts";

const CREDENTIALS = { accessKeyId: "LTAI5tExampleExample", accessKeySecret: "a secret of the benches" };
const KEY = "runs/2026-03-02/idle-web-20260302-0123456789ab.json";

/** In the client, not in its types. */
interface Signs {
  authorizationV4(method: string, request: object, bucket: string, key: string, additional: string[]): string;
}

export const bench: Bench = () => {
  const client = connect({
    region: "cn-hangzhou",
    accountId: "1234567890123456",
    credentials: CREDENTIALS,
    endpoints: {},
    bucket: "kiln-1234567890123456",
    stage: "",
    fcSignature: "acs3",
  });
  const ours = millisOf(2000, () => signedHeaders(client, { action: "PutObject", method: "PUT", key: KEY }));
  const official = known<Signs>(
    new OSS({
      ...CREDENTIALS,
      region: "oss-cn-hangzhou",
      bucket: "kiln-1234567890123456",
      authorizationV4: true,
    }),
  );
  const theirs = millisOf(2000, () => {
    const headers = {
      "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
      "x-oss-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
    };
    return official.authorizationV4("PUT", { headers }, "kiln-1234567890123456", KEY, []);
  });
  return Promise.resolve([
    {
      what: "a signature for the bucket",
      value: micros(ours),
      baseline: `ali-oss authorizationV4, ${micros(theirs)}`,
      ratio: ours / theirs,
      better: "lower",
    },
  ]);
};
