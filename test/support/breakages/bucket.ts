/** Buckets that Kiln cannot use. */
import { NEW_BUCKET } from "../shell.ts";
import { fault, setting, type Breakage } from "./breakage.ts";

export const BUCKET_BREAKAGES: readonly Breakage[] = [
  {
    check: "bucket",
    says: /there is no bucket kiln-other/,
    examination: { env: { KILN_BUCKET: "kiln-other" } },
  },
  {
    check: "versioning",
    says: /versioning is Suspended/,
    // A bucket is never again what it was before.
    breaks: ({ cloud }) => {
      cloud.oss.createBucket("kiln-suspended");
      cloud.oss.suspendVersioning("kiln-suspended");
      return () => {};
    },
    examination: { env: { KILN_BUCKET: "kiln-suspended" } },
  },
  {
    check: "public-access",
    says: /not blocked/,
    breaks: setting("publicAccessBlock", "<BlockPublicAccess>false</BlockPublicAccess>"),
  },
  {
    check: "overwrite-rules",
    says: /rule keep forbids to overwrite/,
    breaks: setting(
      "overwriteConfig",
      "<OverwriteConfiguration><Rule><ID>keep</ID><Action>forbid</Action><Prefix>open</Prefix></Rule></OverwriteConfiguration>",
    ),
  },
  {
    check: "retention",
    says: /retention policy is Locked/,
    breaks: setting("worm", "<WormConfiguration><State>Locked</State></WormConfiguration>"),
  },
  {
    check: "encryption",
    says: /encrypted with key 9468da86/,
    breaks: setting(
      "encryption",
      "<SSEAlgorithm>KMS</SSEAlgorithm><KMSMasterKeyID>9468da86</KMSMasterKeyID>",
    ),
  },
  {
    check: "lifecycle",
    says: /rule tidy expires/,
    breaks: setting(
      "lifecycle",
      "<Rule><ID>tidy</ID><Prefix></Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>",
    ),
  },
  {
    check: "put-if-absent",
    says: /second write is answered 200 instead of 409/,
    breaks: ({ cloud }) =>
      cloud.faults.interleave({
        product: "oss",
        action: "PutObject",
        when: ({ key = "" }) => key.endsWith("put-if-absent"),
        before: ({ key = "" }) => cloud.oss.delete(NEW_BUCKET, key),
      }),
  },
  {
    check: "append",
    says: /an append is answered 400/,
    breaks: setting("encryption", "<KMSMasterKeyID>9468da86</KMSMasterKeyID>"),
  },
  {
    check: "append",
    says: /an append is answered 409 FileImmutable/,
    breaks: setting("worm", "<State>InProgress</State>"),
  },
  {
    check: "odd-keys",
    says: /then 403 Broken/,
    breaks: fault("oss", "GetObject", ({ key = "" }) => key.includes("odd")),
  },
];
