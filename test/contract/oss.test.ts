import { test } from "vitest";
import { type Policy, startCloud } from "../cloud/index.ts";
import { aliOss } from "./clients.ts";
import { known } from "../support/known.ts";

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => {
      const { status, code } = known<{ status: number; code: string }>(error);
      return [status, code];
    },
  );

test("an object comes back as it was put, with its metadata, digest and time", async ({ expect }) => {
  const cloud = await startCloud({ at: Date.UTC(2026, 2, 1, 12, 0, 0, 700) });
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  const meta = known<never>({ run: "r-1" });
  await client.put("a.json", Buffer.from("{}"), { meta, headers: { "Content-Type": "application/json" } });
  const { res, content } = await client.get("a.json");
  const headers = known<Record<string, string>>(res.headers);
  expect(known<Buffer>(content).toString()).toBe("{}");
  expect(headers).toMatchObject({
    etag: '"99914B932BD37A50B983C5E7C90AE93B"',
    "content-type": "application/json",
    "last-modified": "Sun, 01 Mar 2026 12:00:00 GMT",
    "x-oss-meta-run": "r-1",
  });
  const head = await client.head("a.json");
  expect(head.meta).toEqual({ run: "r-1" });
  const unchanged = await client.get("a.json", { headers: { "If-None-Match": headers["etag"] ?? "" } });
  expect(unchanged.res.status).toBe(304);
  const part = await client.get("a.json", { headers: { Range: "bytes=1-" } });
  expect([part.res.status, known<Buffer>(part.content).toString()]).toEqual([206, "}"]);
  // The condition comes before the range.
  const etag = headers["etag"] ?? "";
  const same = await client.get("a.json", { headers: { Range: "bytes=0-0", "If-Match": etag } });
  expect([same.res.status, known<Buffer>(same.content).toString()]).toEqual([206, "{"]);
  const other = client.get("a.json", { headers: { Range: "bytes=0-0", "If-Match": '"0"' } });
  expect(await failure(other)).toEqual([412, "PreconditionFailed"]);
  await cloud.close();
});

test("a write that forbids overwriting is refused when the key is taken", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  const headers = { "x-oss-forbid-overwrite": "true" };
  expect(await failure(client.put("claim", Buffer.from("1"), { headers }))).toBe("no error");
  expect(await failure(client.put("claim", Buffer.from("2"), { headers }))).toEqual([
    409,
    "FileAlreadyExists",
  ]);
  expect(cloud.oss.get("box", "claim").body.toString()).toBe("1");
  await cloud.close();
});

test("where versioning is suspended a write that forbids overwriting overwrites", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  // Its types leave versioning out, and it takes every answer for a success.
  const versioning = known<{
    getBucketVersioning(name: string): Promise<{ versionStatus: string | undefined }>;
    putBucketVersioning(name: string, status: string): Promise<{ status: number }>;
  }>(client);
  const statusOf = async () => (await versioning.getBucketVersioning("box")).versionStatus;
  expect(await statusOf()).toBe(undefined);
  expect(await versioning.putBucketVersioning("box", "Enabled")).toMatchObject({ status: 501 });
  expect(await statusOf()).toBe(undefined);
  await versioning.putBucketVersioning("box", "Suspended");
  expect(await statusOf()).toBe("Suspended");
  const headers = { "x-oss-forbid-overwrite": "true" };
  for (const text of ["1", "2"]) await client.put("claim", Buffer.from(text), { headers });
  expect(cloud.oss.get("box", "claim").body.toString()).toBe("2");
  await client.append("log", Buffer.from("a"));
  expect(await failure(client.append("log", Buffer.from("b")))).toEqual([409, "PositionNotEqualToLength"]);
  await cloud.close();
});

test("the ACL of an object is kept until the object is written again", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  for (const authorizationV4 of [false, true]) {
    const client = aliOss(cloud, "box", { authorizationV4, region: "oss-cn-hangzhou" });
    await client.put("k", Buffer.from("x"));
    const aclOf = async () => (await client.getACL("k")).acl;
    expect(await aclOf()).toBe("default");
    await client.putACL("k", "public-read");
    expect([await aclOf(), cloud.oss.get("box", "k").body.toString()]).toEqual(["public-read", "x"]);
    await client.put("k", Buffer.from("y"), { headers: { "x-oss-object-acl": "private" } });
    expect(await aclOf()).toBe("private");
    await client.put("k", Buffer.from("z"));
    expect(await aclOf()).toBe("default");
    expect(await failure(client.putACL("k", known("open")))).toEqual([400, "InvalidArgument"]);
    expect(await failure(client.putACL("none", "private"))).toEqual([404, "NoSuchKey"]);
  }
  const log = aliOss(cloud, "box");
  await log.append("log", Buffer.from("a"), { headers: { "x-oss-object-acl": "private" } });
  await log.append("log", Buffer.from("b"), { position: "1" });
  expect((await log.getACL("log")).acl).toBe("private");
  await cloud.close();
});

test("what is not there, not whole or not legal is refused in the words of OSS", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  expect(await failure(client.get("nothing"))).toEqual([404, "NoSuchKey"]);
  expect(await failure(client.head("nothing"))).toEqual([404, "NoSuchKey"]);
  expect(await failure(aliOss(cloud, "other").get("nothing"))).toEqual([404, "NoSuchBucket"]);
  const headers = { "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==" };
  expect(await failure(client.put("k", Buffer.from("x"), { headers }))).toEqual([400, "InvalidDigest"]);
  expect(await failure(client.getACL("k"))).toEqual([404, "NoSuchKey"]);
  expect(await failure(client.delete("nothing"))).toBe("no error");
  await cloud.close();
});

test("a copy finds its source whichever way its name is encoded", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const key = "dir/a b+中文%.txt";
  cloud.oss.put("box", key, "x");
  const client = aliOss(cloud, "box");
  // As a path, as one URL component, and as a form value, where a space is `+`.
  const path = key.split("/").map(encodeURIComponent).join("/");
  const form = new URLSearchParams({ "": `/box/${key}` }).toString().slice(1);
  for (const [n, source] of [`/box/${path}`, `/box/${encodeURIComponent(key)}`, form].entries()) {
    const headers = { "x-oss-copy-source": source };
    expect(await failure(client.put(`copy-${n}`, Buffer.alloc(0), { headers })), source).toBe("no error");
    expect(cloud.oss.get("box", `copy-${n}`).body.toString()).toBe("x");
  }
  await cloud.close();
});

test("a listing is in byte order, pages with both kinds of marker and rolls up at the delimiter", async ({
  expect,
}) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const keys = ["b/2", "a/1", "b/1", "ü", "z", "a&<b>"];
  for (const key of keys) cloud.oss.put("box", key, key);
  const client = aliOss(cloud, "box");
  const first = await client.list({ "max-keys": 4 }, {});
  expect(first.objects.map(({ name }) => name)).toEqual(["a&<b>", "a/1", "b/1", "b/2"]);
  expect(first.isTruncated).toBe(true);
  const rest = await client.list({ "max-keys": 4, marker: first.nextMarker }, {});
  expect(rest.objects.map(({ name }) => name)).toEqual(["z", "ü"]);
  const rolled = await client.listV2({ delimiter: "/", "max-keys": "2" });
  expect([rolled.objects.map(({ name }) => name), rolled.prefixes]).toEqual([["a&<b>"], ["a/"]]);
  const token = known<{ nextContinuationToken: string }>(rolled).nextContinuationToken;
  const next = await client.listV2({ delimiter: "/", "max-keys": "2", "continuation-token": token });
  expect([next.objects.map(({ name }) => name), next.prefixes]).toEqual([["z"], ["b/"]]);
  await cloud.close();
});

test("copies, appends, uploads in parts and deletions of many leave what they should", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const events: string[] = [];
  cloud.oss.subscribe(({ name, key }) => events.push(`${name} ${key}`));
  const client = aliOss(cloud, "box");
  await client.append("log", Buffer.from("one"));
  await client.append("log", Buffer.from("two"), { position: "3" });
  expect(await failure(client.append("log", Buffer.from("x"), { position: "1" }))).toEqual([
    409,
    "PositionNotEqualToLength",
  ]);
  await client.put("source", Buffer.from("two"));
  await client.copy("copy", "source");
  const upload = await client.initMultipartUpload("big");
  const parts = [];
  for (const [index, text] of ["first ", "second"].entries()) {
    const file = Buffer.from(text);
    const { etag } = await client.uploadPart("big", upload.uploadId, index + 1, file, 0, file.length);
    parts.push({ number: index + 1, etag });
  }
  await client.completeMultipartUpload("big", upload.uploadId, parts);
  const texts = ["log", "copy", "big"].map((key) => cloud.oss.get("box", key).body.toString());
  expect(texts).toEqual(["onetwo", "two", "first second"]);
  await client.deleteMulti(["log", "copy", "source", "never"]);
  expect(cloud.oss.list("box").map(({ key }) => key)).toEqual(["big"]);
  expect(events).toEqual([
    "ObjectCreated:AppendObject log",
    "ObjectCreated:AppendObject log",
    "ObjectCreated:PutObject source",
    "ObjectCreated:CopyObject copy",
    "ObjectCreated:CompleteMultipartUpload big",
    "ObjectRemoved:DeleteObjects log",
    "ObjectRemoved:DeleteObjects copy",
    "ObjectRemoved:DeleteObjects source",
  ]);
  await cloud.close();
});

test("buckets are made, listed, described and removed", async ({ expect }) => {
  const cloud = await startCloud();
  const client = aliOss(cloud, "box");
  await client.putBucket("box");
  const { buckets } = known<{ buckets: { name: string }[] }>(await client.listBuckets({}));
  expect(buckets.map(({ name }) => name)).toEqual(["box"]);
  const { bucket } = await client.getBucketInfo("box");
  expect(bucket.Location).toBe("oss-cn-hangzhou");
  await client.put("k", Buffer.from("x"));
  expect(await failure(client.deleteBucket("box"))).toEqual([409, "BucketNotEmpty"]);
  await client.delete("k");
  expect(await failure(client.deleteBucket("box"))).toBe("no error");
  await cloud.close();
});

test("a role may reach the objects its policy names and no others", async ({ expect }) => {
  const roles = {
    worker: {
      Version: "1",
      Statement: [
        { Effect: "Allow", Action: ["oss:GetObject", "oss:PutObject"], Resource: "acs:oss:*:*:box/in/*" },
        { Effect: "Deny", Action: "oss:PutObject", Resource: "acs:oss:*:*:box/in/locked/*" },
        {
          Effect: "Allow",
          Action: "oss:ListObjects",
          Resource: "acs:oss:*:*:box",
          Condition: { StringLike: { "oss:Prefix": "in/*" } },
        },
      ],
    },
  } as const;
  const cloud = await startCloud({ roles });
  cloud.oss.createBucket("box");
  const { id, secret, token } = cloud.keys.assume("worker", 3_600_000);
  const client = aliOss(cloud, "box", {
    accessKeyId: id,
    accessKeySecret: secret,
    stsToken: token,
    refreshSTSToken: () => Promise.reject(new Error("no refresh")),
    refreshSTSTokenInterval: 1e12,
  });
  expect(await failure(client.put("in/a", Buffer.from("x")))).toBe("no error");
  expect(await failure(client.put("in/locked/a", Buffer.from("x")))).toEqual([403, "AccessDenied"]);
  expect(await failure(client.put("out/a", Buffer.from("x")))).toEqual([403, "AccessDenied"]);
  expect(await failure(client.delete("in/a"))).toEqual([403, "AccessDenied"]);
  expect(await failure(client.deleteMulti(["in/a"]))).toEqual([403, "AccessDenied"]);
  expect(await failure(client.list({ prefix: "in/", "max-keys": 9 }, {}))).toBe("no error");
  expect(await failure(client.list({ prefix: "", "max-keys": 9 }, {}))).toEqual([403, "AccessDenied"]);
  expect(cloud.oss.list("box").map(({ key }) => key)).toEqual(["in/a"]);
  await cloud.close();
});

/** Policies that read a bucket, and list it, a part of it, or another one. */
function readerRoles(): Record<"lister" | "reader" | "below" | "elsewhere", Policy> {
  const reads = {
    Effect: "Allow",
    Action: ["oss:GetObject", "oss:PutObject"],
    Resource: "acs:oss:*:*:box/*",
  };
  const lists = { Effect: "Allow", Action: "oss:ListObjects", Resource: "acs:oss:*:*:box" };
  const below = { ...lists, Condition: { StringLike: { "oss:Prefix": "in/*" } } };
  const elsewhere = { ...lists, Resource: "acs:oss:*:*:other" };
  const policyOf = (...Statement: object[]) => known<Policy>({ Version: "1", Statement });
  return {
    lister: policyOf(reads, lists),
    reader: policyOf(reads),
    below: policyOf(reads, below),
    elsewhere: policyOf(reads, elsewhere),
  };
}

test("a key that is not there is 404 only for who may list the bucket, and 403 for everybody else", async ({
  expect,
}) => {
  const roles = readerRoles();
  const cloud = await startCloud({ roles });
  cloud.oss.createBucket("box");
  cloud.oss.put("box", "in/there", "x");
  for (const role of Object.keys(roles)) {
    const { id, secret, token } = cloud.keys.assume(role, 3_600_000);
    const client = aliOss(cloud, "box", {
      accessKeyId: id,
      accessKeySecret: secret,
      stsToken: token,
      refreshSTSToken: () => Promise.reject(new Error("no refresh")),
      refreshSTSTokenInterval: 1e12,
    });
    const [status, code] = role === "lister" ? [404, "NoSuchKey"] : [403, "AccessDenied"];
    expect(await failure(client.get("in/there")), role).toBe("no error");
    expect(await failure(client.head("in/there")), role).toBe("no error");
    expect(await failure(client.get("in/missing")), role).toEqual([status, code]);
    expect(await failure(client.head("in/missing")), role).toEqual([status, expect.anything()]);
    expect(await failure(client.copy("in/copy", "in/missing")), role).toEqual([status, code]);
  }
  const own = aliOss(cloud, "box");
  expect(await failure(own.get("in/missing"))).toEqual([404, "NoSuchKey"]);
  await cloud.close();
});

test("an injected fault refuses without effect, or loses the answer after it", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  const first = (_: unknown, n: number): boolean => n === 0;
  cloud.faults.add({ product: "oss", action: "PutObject", kind: "before", when: first });
  expect(await failure(client.put("k", Buffer.from("x")))).toEqual([500, "InternalError"]);
  expect(cloud.oss.find("box", "k")).toBeUndefined();
  cloud.faults.clear();
  cloud.faults.add({ product: "oss", action: "PutObject", kind: "after", when: first });
  expect(await failure(client.put("k", Buffer.from("x")))).not.toBe("no error");
  expect(cloud.oss.find("box", "k")?.body.toString()).toBe("x");
  expect(await failure(client.put("k", Buffer.from("y")))).toBe("no error");
  await cloud.close();
});
