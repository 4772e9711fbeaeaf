import { inspect } from "node:util";
import { test } from "vitest";
import { clean, refusal } from "../../../shared/cloud/refusal.ts";
import { logLine } from "../../../shared/ports.ts";
import { know } from "../../../shared/redact.ts";

const credentials = {
  accessKeyId: "STS.NVwTestKeyId",
  accessKeySecret: "very/secret+text=",
  securityToken: "CAIStoken/with+signs==",
};

test("an error never shows key, secret, token or query, wherever the SDK put them", ({ expect }) => {
  know(Object.values(credentials));
  const error = new Error(
    `POST https://ecs.aliyuncs.com/?AccessKeyId=${credentials.accessKeyId}&UserData=c2VjcmV0 failed for ${credentials.accessKeySecret} with ${encodeURIComponent(credentials.securityToken)}`,
  );
  const shown = inspect(refusal("ecs", "RunInstances", error), { depth: 9 });
  for (const secret of [
    ...Object.values(credentials),
    "c2VjcmV0",
    encodeURIComponent(credentials.securityToken),
  ]) {
    expect(shown).not.toContain(secret);
  }
  expect(shown).toContain("ecs.aliyuncs.com");
});

test("a refusal names action, code, request, the cloud's words and what to do", ({ expect }) => {
  const error = Object.assign(new Error("Forbidden.RAM: code: 403, User not authorized request id: R-1"), {
    code: "Forbidden.RAM",
    statusCode: 403,
    requestId: "R-1",
    data: { Message: "User not authorized to operate on the specified resource." },
  });
  const { message, kind, cause } = refusal("ecs", "StopInstance", error);
  expect(message).toContain("StopInstance");
  expect(message).toContain("Forbidden.RAM");
  expect(message).toContain("R-1");
  expect(message).toContain("User not authorized to operate on the specified resource.");
  expect(message).toContain("ecs:StopInstance");
  expect(kind).toBe("give-up");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  expect((cause as Error).message).toContain("Forbidden.RAM");
});

test("a lost answer is open, whatever form the loss takes", ({ expect }) => {
  const lost = [
    Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }),
    Object.assign(new Error("ReadTimeout"), { name: "RequestTimeoutError" }),
    new SyntaxError("Unexpected token < in JSON at position 0"),
    Object.assign(new Error("undefined"), { code: "undefined", statusCode: 502 }),
  ];
  for (const error of lost) expect(refusal("ecs", "RunInstances", error).kind).toBe("wait");
});

test("cleaning leaves text without secrets as it is", ({ expect }) => {
  know([""]);
  expect(clean("is it there? yes/no")).toBe("is it there? yes/no");
});

test("a log line hides values under keys that look like secrets and keeps the rest", ({ expect }) => {
  const line = logLine({
    run: "bake-1",
    access: { accessKeySecret: "s3", securityToken: "t0", region: "cn-hangzhou" },
    headers: { Authorization: "ACS3 x" },
    error: new Error("went wrong"),
  });
  expect(JSON.parse(line)).toEqual({
    run: "bake-1",
    access: { accessKeySecret: "[hidden]", securityToken: "[hidden]", region: "cn-hangzhou" },
    headers: { Authorization: "[hidden]" },
    error: { name: "Error", message: "went wrong" },
  });
});
