import { createHmac } from "node:crypto";
import { test } from "vitest";
import { type Cloud, startCloud } from "../cloud/index.ts";
import { aliOss } from "./clients.ts";
import { known } from "../support/known.ts";

/** A cloud with a bucket and requests to it, signed V1 by hand: no client sends what OSS refuses. */
async function startBox() {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const send = (method: string, path: string, options: { body?: string; headers?: object } = {}) =>
    sendTo(cloud, method, path, options);
  return { cloud, send };
}

async function sendTo(
  { urls, accessKey }: Cloud,
  method: string,
  path: string,
  { body, headers = {} }: { body?: string; headers?: object },
) {
  const own = { "x-oss-date": new Date().toUTCString(), ...headers };
  const ossHeaders = Object.entries(own)
    .filter(([name]) => name.startsWith("x-oss-"))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`);
  const type = body === undefined ? "" : "text/plain";
  const signed = [method, "", type, own["x-oss-date"], `${ossHeaders.join("")}/box/${path}`].join("\n");
  const signature = createHmac("sha1", accessKey.secret).update(signed).digest("base64");
  const answer = await fetch(`${urls.oss}/box/${path}`, {
    method,
    headers: {
      ...own,
      authorization: `OSS ${accessKey.id}:${signature}`,
      ...(type && { "content-type": type }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
  const next = answer.headers.get("x-oss-next-append-position");
  return { status: answer.status, code, next, text, headers: answer.headers };
}

test("an append wins at the end of the log only, and every answer says where the end is", async ({
  expect,
}) => {
  const { cloud, send } = await startBox();
  const append = (position: string, body: string) =>
    send("POST", `log?append&position=${position}`, { body });
  expect(await append("3", "x")).toMatchObject({ status: 409, code: "PositionNotEqualToLength", next: "0" });
  expect(await append("0", "one")).toMatchObject({ status: 200, next: "3" });
  for (const position of ["0", "2", "4"]) {
    const lost = { status: 409, code: "PositionNotEqualToLength", next: "3" };
    expect(await append(position, "x"), position).toMatchObject(lost);
  }
  expect(await append("3", "tw\u00f6")).toMatchObject({ status: 200, next: "7" });
  for (const method of ["HEAD", "GET"]) {
    const { status, next, headers } = await send(method, "log");
    expect([status, next, headers.get("x-oss-object-type")], method).toEqual([200, "7", "Appendable"]);
    expect(headers.get("content-length")).toBe("7");
    expect(headers.get("content-md5")).toBeNull();
  }
  cloud.oss.put("box", "put", "one");
  expect(await send("HEAD", "put")).toMatchObject({ status: 200, next: null });
  expect(await send("POST", "put?append&position=3", { body: "x" })).toMatchObject({
    status: 409,
    code: "ObjectNotAppendable",
  });
  expect(cloud.oss.get("box", "log").body.toString()).toBe("onetw\u00f6");
  await cloud.close();
});

test("a deleted log begins again at 0, and an object put over a log ends it", async ({ expect }) => {
  const { cloud, send } = await startBox();
  cloud.oss.append("box", "log", "one");
  cloud.oss.delete("box", "log");
  expect(await send("POST", "log?append&position=0", { body: "again" })).toMatchObject({ next: "5" });
  cloud.oss.put("box", "log", "other");
  const { status, code } = await send("POST", "log?append&position=5", { body: "x" });
  expect([status, code]).toEqual([409, "ObjectNotAppendable"]);
  await cloud.close();
});

test("type and metadata of a log are those of its first append, its ETag is no digest of its content", async ({
  expect,
}) => {
  const { cloud, send } = await startBox();
  const headers = { "x-oss-meta-run": "r-1" };
  const first = await send("POST", "log?append&position=0", { body: "one", headers });
  const later = await send("POST", "log?append&position=3", { body: "two" });
  const { contentType, meta } = cloud.oss.get("box", "log");
  expect([contentType, meta]).toEqual(["text/plain", { run: "r-1" }]);
  const etags = [first, later].map((answer) => answer.headers.get("etag"));
  for (const etag of etags) expect(etag).toMatch(/^"[0-9A-F]{24}00000000"$/);
  expect(etags[0]).not.toBe(etags[1]);
  await cloud.close();
});

test("an append without a whole position, with a version or with a key of the customer is refused", async ({
  expect,
}) => {
  const { cloud, send } = await startBox();
  cloud.oss.append("box", "log", "one");
  expect(await send("POST", "log?append", { body: "x" })).toMatchObject({
    status: 400,
    code: "MissingArgument",
  });
  for (const position of ["-1", "3.0", "0x3", "3e0", "three"]) {
    const refused = { status: 400, code: "InvalidArgument" };
    expect(await send("POST", `log?append&position=${position}`, { body: "x" }), position).toMatchObject(
      refused,
    );
  }
  const version = await send("POST", "log?append&position=3&versionId=v", { body: "x" });
  expect([version.status, version.code]).toEqual([400, "InvalidArgument"]);
  const headers = {
    "x-oss-server-side-encryption": "KMS",
    "x-oss-server-side-encryption-key-id": "9468da86-3509-4f8d-a61e-6eab1eac****",
  };
  const encrypted = await send("POST", "log?append&position=3", { body: "x", headers });
  expect([encrypted.status, encrypted.code]).toEqual([400, "InvalidArgument"]);
  expect(await send("GET", "log?versionId=v")).toMatchObject({ status: 501 });
  const copied = await aliOss(cloud, "box")
    .copy("copy", "log")
    .catch((error: unknown) => known<{ status: number; code: string }>(error));
  expect(copied).toMatchObject({ status: 400, code: "OperationNotSupported" });
  expect(cloud.oss.list("box").map(({ key, size }) => [key, size])).toEqual([["log", 3]]);
  await cloud.close();
});

test("an append needs oss:PutObject on the key, and no other permission", async ({ expect }) => {
  const Resource = "acs:oss:*:*:box/runs/*";
  const allow = (Action: string) => ({
    Version: "1" as const,
    Statement: [{ Effect: "Allow" as const, Action, Resource }],
  });
  const roles = { writer: allow("oss:PutObject"), other: allow("oss:AppendObject") };
  const cloud = await startCloud({ roles });
  cloud.oss.createBucket("box");
  const append = (role: string, key: string) => {
    const { id, secret, token } = cloud.keys.assume(role, 3_600_000);
    const client = aliOss(cloud, "box", {
      accessKeyId: id,
      accessKeySecret: secret,
      stsToken: token,
      refreshSTSToken: () => Promise.reject(new Error("no refresh")),
      refreshSTSTokenInterval: 1e12,
    });
    return client.append(key, Buffer.from("x")).then(
      () => "no error",
      (error: unknown) => known<{ code: string }>(error).code,
    );
  };
  expect(await append("writer", "runs/a")).toBe("no error");
  expect(await append("writer", "locks/a")).toBe("AccessDenied");
  expect(await append("other", "runs/b")).toBe("AccessDenied");
  await cloud.close();
});

test("a part of an object is 206 with its place, and a range beyond the end is what the request asks for", async ({
  expect,
}) => {
  const { cloud, send } = await startBox();
  cloud.oss.append("box", "log", "0123456789");
  const standard = { "x-oss-range-behavior": "standard" };
  const read = async (range: string, more: object = {}) => {
    const { status, text, code, headers } = await send("GET", "log", { headers: { range, ...more } });
    return [status, code ?? text, headers.get("content-range")];
  };
  expect(await read("bytes=7-")).toEqual([206, "789", "bytes 7-9/10"]);
  expect(await read("bytes=-2", standard)).toEqual([206, "89", "bytes 8-9/10"]);
  expect(await read("bytes=-64", standard)).toEqual([206, "0123456789", "bytes 0-9/10"]);
  expect(await read("bytes=10-")).toEqual([200, "0123456789", null]);
  expect(await read("bytes=10-", standard)).toEqual([416, "InvalidRange", null]);
  await cloud.close();
});

test("V4 does not sign Range, but every header that begins with x-oss-", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  cloud.oss.append("box", "log", "0123456789");
  const client = aliOss(cloud, "box", { authorizationV4: true, region: "oss-cn-hangzhou" });
  const headers = { Range: "bytes=7-", "x-oss-range-behavior": "standard" };
  const { res, content } = await client.get("log", { headers });
  expect([res.status, known<Buffer>(content).toString()]).toEqual([206, "789"]);
  await cloud.close();
});
