/**
 * Settings of a bucket that are kept and answered: lifecycle rules, public access, and those that are only read. Encryption
 * with a key of the customer and a retention policy refuse appends (objects.ts); the others have no effect here.
 */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import { empty, xml, type Operation } from "./operation.ts";
import { contents } from "./xml.ts";

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

interface Setting {
  /** The parameter that selects it. */
  readonly name: string;
  /** The element its document consists of. */
  readonly root: string;
  /** Code of a bucket without it. */
  readonly absent: string;
}

/** https://www.alibabacloud.com/help/en/oss/developer-reference/getbucketlifecycle */
const LIFECYCLE: Setting = { name: "lifecycle", root: "LifecycleConfiguration", absent: "NoSuchLifecycle" };
/** https://www.alibabacloud.com/help/en/oss/developer-reference/getbucketpublicaccessblock */
const PUBLIC_ACCESS: Setting = {
  name: "publicAccessBlock",
  root: "PublicAccessBlockConfiguration",
  absent: "NoSuchPublicAccessBlockConfiguration",
};

/** Read only; a test sets them. */
const READ_ONLY: Readonly<Record<string, Setting>> = {
  /** https://www.alibabacloud.com/help/en/oss/developer-reference/getbucketoverwriteconfig; the code is an estimate. */
  GetBucketOverwriteConfig: {
    name: "overwriteConfig",
    root: "OverwriteConfiguration",
    absent: "NoSuchBucketOverwriteConfig",
  },
  /** https://www.alibabacloud.com/help/en/oss/developer-reference/getbucketworm */
  GetBucketWorm: { name: "worm", root: "WormConfiguration", absent: "NoSuchWORMConfiguration" },
  /** https://www.alibabacloud.com/help/en/oss/developer-reference/getbucketencryption */
  GetBucketEncryption: {
    name: "encryption",
    root: "ServerSideEncryptionRule",
    absent: "NoSuchServerSideEncryptionRule",
  },
};

const keyOf = (bucket: string, name: string): string => `${bucket} ${name}`;

const read =
  ({ name, absent }: Setting): Operation =>
  ({ bucket }, { store }) => {
    store.createdAt(bucket);
    const text = store.settings.get(keyOf(bucket, name));
    if (text === undefined) throw new CloudFault(404, absent, `The bucket has no ${name} configuration.`);
    return xml(`${HEAD}${text}`);
  };

const write =
  ({ name, root }: Setting, check: (inner: string) => boolean): Operation =>
  ({ bucket, body }, { store }) => {
    store.createdAt(bucket);
    const [inner] = contents(body.toString("utf8"), root);
    const isBad = inner === undefined || !check(inner);
    refuseIf(isBad, 400, "MalformedXML", "The XML you provided was not well-formed or did not validate.");
    store.settings.set(keyOf(bucket, name), `<${root}>${inner ?? ""}</${root}>`);
    return empty(200);
  };

const remove =
  ({ name }: Setting): Operation =>
  ({ bucket }, { store }) => {
    store.createdAt(bucket);
    store.settings.delete(keyOf(bucket, name));
    return empty(204);
  };

const isRules = (inner: string): boolean => {
  const rules = contents(inner, "Rule");
  const isRule = (rule: string): boolean =>
    /^(Enabled|Disabled)$/.test(contents(rule, "Status")[0] ?? "") && contents(rule, "Prefix").length === 1;
  return rules.length > 0 && rules.length <= 1000 && rules.every(isRule);
};

export const SETTING_OPERATIONS: Readonly<Record<string, Operation>> = {
  ...Object.fromEntries(Object.entries(READ_ONLY).map(([action, setting]) => [action, read(setting)])),
  GetBucketLifecycle: read(LIFECYCLE),
  PutBucketLifecycle: write(LIFECYCLE, isRules),
  DeleteBucketLifecycle: remove(LIFECYCLE),
  GetBucketPublicAccessBlock: read(PUBLIC_ACCESS),
  PutBucketPublicAccessBlock: write(PUBLIC_ACCESS, (inner) =>
    /^(true|false)$/.test(contents(inner, "BlockPublicAccess")[0] ?? ""),
  ),
  DeleteBucketPublicAccessBlock: remove(PUBLIC_ACCESS),
};
