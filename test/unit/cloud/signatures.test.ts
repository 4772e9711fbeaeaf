import { test } from "vitest";
import { readFcSignature } from "../../cloud/fc/signature.ts";
import type { WireRequest } from "../../cloud/core/kernel.ts";
import { readAddress } from "../../cloud/oss/address.ts";
import { readOssSignature } from "../../cloud/oss/signature.ts";
import { encode, readAcs3, readRpc, verify } from "../../cloud/core/signatures.ts";

const request = (over: Partial<WireRequest>): WireRequest => ({
  method: "GET",
  url: "/",
  headers: {},
  body: Buffer.alloc(0),
  ...over,
});

test("the documented example of RPC signature 1.0 verifies", ({ expect }) => {
  const query = new URLSearchParams({
    Timestamp: "2016-02-23T12:46:24Z",
    Format: "XML",
    AccessKeyId: "testid",
    Action: "DescribeRegions",
    SignatureMethod: "HMAC-SHA1",
    SignatureNonce: "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
    Version: "2014-05-26",
    SignatureVersion: "1.0",
    Signature: "OLeaidS1JvxuMvnyHOwuJ+uX5qY=",
  });
  const signed = readRpc(request({ url: `/?${query.toString()}` }));
  expect(signed && verify(signed, "testsecret")).toBe(true);
  expect(signed && verify(signed, "othersecret")).toBe(false);
});

test("an empty SignatureType, a time with milliseconds and raw brackets are part of what is signed", ({
  expect,
}) => {
  const raw =
    "AccessKeyId=id&SignatureMethod=HMAC-SHA1&SignatureType=&SignatureVersion=1.0&SignatureNonce=n" +
    '&Timestamp=2026-01-05T08:00:40.732Z&InstanceIds=["i-1","i-2"]';
  const unsigned = readRpc(request({ method: "POST", url: `/?${raw}&Signature=x` }));
  const signature = unsigned?.sign("secret", unsigned.stringsToSign[0] ?? "") ?? "";
  const signed = readRpc(request({ method: "POST", url: `/?${raw}&Signature=${encode(signature)}` }));
  expect(unsigned?.stringsToSign[0]).toContain("SignatureType%3D%26");
  expect(unsigned?.stringsToSign[0]).toContain(encode(encode('["i-1","i-2"]')));
  expect(signed && verify(signed, "secret")).toBe(true);
  expect(signed?.at).toBe(Date.parse("2026-01-05T08:00:40.732Z"));
});

test("a signature that leaves out what decides is refused", ({ expect }) => {
  const headers = {
    authorization: "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=00",
  };
  expect(() => readAcs3(request({ headers }), headers.authorization)).toThrow(/x-acs-signature-nonce/);
});

test("the FC signature covers the path but neither the host nor the query", ({ expect }) => {
  const headers = { date: "Mon, 05 Jan 2026 08:00:00 GMT", "x-fc-account-id": "1", host: "anything:80" };
  const signed = readFcSignature(
    request({
      method: "POST",
      url: "/2023-03-30/functions/f?a=b",
      headers: { ...headers, authorization: "FC id:sig" },
    }),
  );
  expect(signed?.stringsToSign[0]).toBe(
    "POST\n\n\nMon, 05 Jan 2026 08:00:00 GMT\nx-fc-account-id:1\n/2023-03-30/functions/f",
  );
});

test("a bucket is found in the path, in the Host header and as a sub-domain", ({ expect }) => {
  const read = (host: string, url: string): unknown[] => {
    const { bucket, key } = readAddress(request({ url, headers: { host } }));
    return [bucket, key];
  };
  expect(read("127.0.0.1:9000", "/box/a/b.txt")).toEqual(["box", "a/b.txt"]);
  expect(read("localhost:9000", "/box")).toEqual(["box", undefined]);
  expect(read("box.oss-cn-hangzhou.aliyuncs.com", "/a/b.txt?acl")).toEqual(["box", "a/b.txt"]);
  expect(read("box.localhost:9000", "/a%2Bb+c")).toEqual(["box", "a+b c"]);
  expect(read(".oss-cn-hangzhou.aliyuncs.com", "/")).toEqual([undefined, undefined]);
  expect(read("oss-cn-hangzhou.aliyuncs.com", "/box/k")).toEqual(["box", "k"]);
});

test("OSS V1 signs a bucket call with and without its slash, and sub-resources only", ({ expect }) => {
  const signed = readOssSignature(
    request({
      url: "/?uploads&prefix=a",
      headers: { host: "box.oss-cn-hangzhou.aliyuncs.com", date: "D", authorization: "OSS id:sig" },
    }),
  );
  expect(signed?.stringsToSign).toEqual(["GET\n\n\nD\n/box/?uploads", "GET\n\n\nD\n/box?uploads"]);
});

test("a second question mark belongs to the name of the parameter, which is then no sub-resource", ({
  expect,
}) => {
  const headers = { host: "box.oss-cn-hangzhou.aliyuncs.com", date: "D", authorization: "OSS id:sig" };
  const of = (url: string): unknown => {
    const wire = request({ url, headers });
    return [readAddress(wire).query, readOssSignature(wire)?.stringsToSign];
  };
  expect(of("/k?objectMeta")).toEqual([[["objectMeta", ""]], ["GET\n\n\nD\n/box/k?objectMeta"]]);
  expect(of("/k??objectMeta")).toEqual([[["?objectMeta", ""]], ["GET\n\n\nD\n/box/k"]]);
  expect(of("/k?acl&a=%3F?&&b")).toEqual([
    [
      ["acl", ""],
      ["a", "??"],
      ["b", ""],
    ],
    ["GET\n\n\nD\n/box/k?acl"],
  ]);
});
