import { createRequire } from "node:module";
import { test } from "vitest";
import { startCloud } from "../cloud/index.ts";
import { aliOss, type Credentials, fc2, openApi } from "./clients.ts";
import { withCloud } from "./fixture.ts";
import { known } from "../support/known.ts";

const require = createRequire(import.meta.url);
const ECS = "2014-05-26";
const REGION = { RegionId: "cn-hangzhou" };
const ECHO = "exports.handler = async (event) => event.toString();";
const CODE = { echo: ECHO };
const INVOCATIONS = "/2023-03-30/functions/echo/invocations";

interface PopCore {
  request(action: string, params: object, options?: object): Promise<{ RequestId?: string }>;
}

function popCore(url: string, { id, secret, token }: Credentials): PopCore {
  const { RPCClient } = known<{ RPCClient: new (config: object) => PopCore }>(require("@alicloud/pop-core"));
  const config = { endpoint: url, apiVersion: ECS, accessKeyId: id, accessKeySecret: secret };
  return new RPCClient({ ...config, ...(token !== undefined && { securityToken: token }) });
}

/** The code an SDK error carries, whatever its class. */
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => known<{ code?: unknown }>(error).code,
  );

test("ACS3: the generated clients' core is understood, odd characters and session included", async ({
  expect,
}) => {
  const cloud = await startCloud();
  const session = cloud.keys.assume("worker", 3_600_000);
  const query = {
    RegionId: "cn-hangzhou",
    InstanceName: "中 +/=!'()*~",
    "Tag.1.Key": "a",
    "Tag.1.Value": "",
  };
  for (const key of [cloud.accessKey, session]) {
    const answer = await openApi(cloud.urls.ecs, key, { action: "DescribeInstances", version: ECS, query });
    expect(answer.statusCode).toBe(200);
  }
  expect(cloud.callLog.entries().map(({ role }) => role)).toEqual([undefined, "worker"]);
  await cloud.close();
});

test("RPC 1.0: the older client is understood by GET and by POST, with and without a session", async ({
  expect,
}) => {
  const cloud = await startCloud();
  const session = cloud.keys.assume("worker", 3_600_000);
  for (const key of [cloud.accessKey, session]) {
    for (const method of ["GET", "POST"]) {
      const answer = await popCore(cloud.urls.ecs, key).request("DescribeInstances", REGION, { method });
      expect(answer.RequestId).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
    }
  }
  await cloud.close();
});

test("FC: V1 and ACS3 in ROA style reach the same function", async ({ expect }) => {
  await withCloud({ code: CODE }, {}, async (cloud) => {
    const session = cloud.keys.assume("worker", 3_600_000);
    for (const key of [cloud.accessKey, session]) {
      const older = await fc2(cloud, key).post(
        "/functions/echo/invocations",
        "one",
        {},
        { qualifier: "LATEST" },
      );
      expect(older.data).toBe("one");
      const newer = await openApi(cloud.urls.fc, key, {
        style: "ROA",
        action: "InvokeFunction",
        version: "2023-03-30",
        path: INVOCATIONS,
        query: { qualifier: "LATEST" },
        body: "two",
      });
      expect(newer.body).toBe("two");
    }
  });
});

test("OSS: V1 and V4 verify with the bucket in Host and in the path, in headers and in URLs", async ({
  expect,
}) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const session = cloud.keys.assume("worker", 3_600_000);
  const inPath = { endpoint: cloud.urls.oss.replace("127.0.0.1", "localhost"), sldEnable: true };
  const asSession = { accessKeyId: session.id, accessKeySecret: session.secret, stsToken: session.token };
  const quiet = {
    refreshSTSToken: () => Promise.reject(new Error("no refresh")),
    refreshSTSTokenInterval: 1e12,
  };
  const key = "folder/ä b+c.txt";
  for (const place of [{}, inPath]) {
    for (const scheme of [{}, { authorizationV4: true, region: "oss-cn-hangzhou" }]) {
      for (const who of [{}, { ...asSession, ...quiet }]) {
        const client = aliOss(cloud, "box", { ...place, ...scheme, ...who });
        await client.put(key, Buffer.from("content"), { meta: { uid: 1, pid: 2, run: "7" } });
        const { content } = known<{ content: Buffer }>(await client.get(key));
        expect(content.toString()).toBe("content");
        const { objects } = await client.list({ prefix: "folder/", "max-keys": 10 }, {});
        expect(objects.map(({ name }) => name)).toEqual([key]);
      }
    }
  }
  const signer = aliOss(cloud, "box", { ...inPath, region: "oss-cn-hangzhou" });
  const urls = [signer.signatureUrl(key, { expires: 600 }), await signer.signatureUrlV4("GET", 600, {}, key)];
  for (const url of urls) expect(await (await fetch(url)).text()).toBe("content");
  await cloud.settle({ forMs: 601_000 });
  for (const url of urls) {
    const late = await fetch(url);
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining("Request has expired.")]);
  }
  await cloud.close();
});

test("a wrong secret is refused in the words of each product, with the string to sign", async ({
  expect,
}) => {
  await withCloud({ code: CODE }, {}, async (cloud) => {
    cloud.oss.createBucket("box");
    const wrong = { id: cloud.accessKey.id, secret: "wrong" };
    expect(
      await codeOf(
        openApi(cloud.urls.ecs, wrong, { action: "DescribeInstances", version: ECS, query: REGION }),
      ),
    ).toBe("SignatureDoesNotMatch");
    expect(await codeOf(popCore(cloud.urls.ecs, wrong).request("DescribeInstances", REGION))).toBe(
      "SignatureDoesNotMatch",
    );
    expect(await codeOf(fc2(cloud, wrong).post("/functions/echo/invocations", "x"))).toBe(
      "SignatureNotMatch",
    );
    for (const scheme of [{}, { authorizationV4: true, region: "oss-cn-hangzhou" }]) {
      const client = aliOss(cloud, "box", { accessKeySecret: "wrong", ...scheme });
      expect(await codeOf(client.put("k", Buffer.from("x")))).toBe("SignatureDoesNotMatch");
    }
    const raw = await fetch(`${cloud.urls.oss}/box/k`, {
      headers: { authorization: `OSS ${cloud.accessKey.id}:AAAA`, "x-oss-date": new Date().toUTCString() },
    });
    expect(await raw.text()).toContain("<StringToSign>GET\n\n\n");
  });
});

test("a session ends with its time, with its key's end and with a token that is not its own", async ({
  expect,
}) => {
  const cloud = await startCloud();
  const call = (key: Credentials) =>
    codeOf(openApi(cloud.urls.ecs, key, { action: "DescribeInstances", version: ECS, query: REGION }));
  const short = cloud.keys.assume("worker", 60_000);
  const long = cloud.keys.assume("worker", 3_600_000);
  expect(await call({ ...short, token: long.token })).toBe("InvalidSecurityToken.MismatchWithAccessKey");
  expect(await call({ id: short.id, secret: short.secret })).toBe(
    "InvalidSecurityToken.MismatchWithAccessKey",
  );
  expect(await call(short)).toBe("no error");
  await cloud.settle({ forMs: 61_000 });
  expect(await call(short)).toBe("InvalidSecurityToken.Expired");
  expect(await call(long)).toBe("no error");
  cloud.keys.revoke(long.id);
  expect(await call(long)).toBe("InvalidAccessKeyId.Inactive");
  expect(await call({ id: "LTAIunknown", secret: "x" })).toBe("InvalidAccessKeyId.NotFound");
  await cloud.close();
});

test("a client whose clock is off by more than a quarter of an hour is refused", async ({ expect }) => {
  const at = Date.now() - 16 * 60_000;
  await withCloud({ code: CODE }, { at, ownClock: false }, async (cloud) => {
    cloud.oss.createBucket("box");
    const ecs = openApi(cloud.urls.ecs, cloud.accessKey, {
      action: "DescribeInstances",
      version: ECS,
      query: REGION,
    });
    expect(await codeOf(ecs)).toBe("InvalidTimeStamp.Expired");
    expect(await codeOf(popCore(cloud.urls.ecs, cloud.accessKey).request("DescribeInstances", REGION))).toBe(
      "InvalidTimeStamp.Expired",
    );
    expect(await codeOf(fc2(cloud).post("/functions/echo/invocations", "x"))).toBe("AccessDenied");
    expect(await codeOf(aliOss(cloud, "box").put("k", Buffer.from("x")))).toBe("RequestTimeTooSkewed");
  });
});

test("a request sent twice is refused the second time, and one changed on the way at once", async ({
  expect,
}) => {
  const cloud = await startCloud();
  const { origin, host } = new URL(cloud.urls.ecs);
  const { OpenApiUtil } = known<{
    OpenApiUtil: {
      getAuthorization(request: object, algorithm: string, hash: string, id: string, secret: string): string;
    };
  }>(require("@alicloud/openapi-core"));
  const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const headers: Record<string, string> = {
    host,
    "x-acs-action": "DescribeInstances",
    "x-acs-version": ECS,
    "x-acs-date": `${new Date().toISOString().slice(0, 19)}Z`,
    "x-acs-signature-nonce": "once",
    "x-acs-content-sha256": emptyHash,
  };
  const parts = { method: "POST", pathname: "/", query: REGION, headers };
  const { id, secret } = cloud.accessKey;
  const authorization = OpenApiUtil.getAuthorization(parts, "ACS3-HMAC-SHA256", emptyHash, id, secret);
  const send = async (body?: string): Promise<unknown> => {
    const answer = await fetch(`${origin}/?RegionId=cn-hangzhou`, {
      method: "POST",
      headers: { ...headers, authorization },
      ...(body !== undefined && { body }),
    });
    return known<{ Code?: string }>(await answer.json()).Code;
  };
  expect(await send("smuggled")).toBe("SignatureDoesNotMatch");
  expect(await send()).toBeUndefined();
  expect(await send()).toBe("SignatureNonceUsed");
  await cloud.close();
});

test("a wrong key is refused before anything is said about the action", async ({ expect }) => {
  const cloud = await startCloud();
  const wrong = { ...cloud.accessKey, secret: "wrong" };
  for (const [url, version] of [
    [cloud.urls.ecs, ECS],
    [cloud.urls.cms, "2019-01-01"],
  ] as const) {
    for (const action of ["DescribeInstances", "DescribeNonsense", ""]) {
      const call = { action, version, query: REGION };
      expect(await codeOf(openApi(url, wrong, call)), action).toBe("SignatureDoesNotMatch");
      const unsigned = await fetch(`${url}/?Action=${action}&Version=${version}&Format=JSON`);
      expect(unsigned.status, action).toBe(400);
      expect(known<{ Code: string }>(await unsigned.json()).Code, action).toBe("MissingAccessKeyId");
    }
  }
  expect(
    await codeOf(openApi(cloud.urls.ecs, cloud.accessKey, { action: "DescribeNonsense", version: ECS })),
  ).toBe("InvalidAction.NotFound");
  await cloud.close();
});
