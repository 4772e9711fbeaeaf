import { test } from "vitest";
import type { CloudFault } from "../../cloud/core/kernel.ts";
import { evaluate, type Policy, Ram, type Statement } from "../../cloud/core/ram.ts";
import { known } from "../../support/known.ts";

const policy = (...statements: readonly Partial<Statement>[]): Policy => ({
  Version: "1",
  Statement: statements.map((one) => ({ Effect: "Allow", Action: "*", Resource: "*", ...one })),
});

test("nothing said is a refusal, and a Deny beats every Allow", ({ expect }) => {
  const verdict = (document: Policy) => evaluate(document, "ecs:DeleteImage", "acs:ecs:*:1:image/m-1", {});
  expect(verdict(policy())).toBe("implicit deny");
  expect(verdict(policy({}))).toBe("allow");
  expect(verdict(policy({}, { Effect: "Deny", Action: "ecs:Delete*" }))).toBe("explicit deny");
});

test("wildcards match any text and any character, actions without regard to case", ({ expect }) => {
  const allows = (one: Partial<Statement>, action: string, resource: string) =>
    evaluate(policy(one), action, resource, {}) === "allow";
  expect(allows({ Action: "ecs:describe*" }, "ecs:DescribeImages", "x")).toBe(true);
  expect(allows({ Action: ["oss:GetObject", "oss:Put*"] }, "oss:PutObject", "x")).toBe(true);
  expect(allows({ Action: "ecs:StopInstance" }, "ecs:StopInstances", "x")).toBe(false);
  expect(allows({ Resource: "acs:oss:*:*:box/in/*" }, "a", "acs:oss:*:1:box/in/a/b")).toBe(true);
  expect(allows({ Resource: "acs:oss:*:*:box/in/*" }, "a", "acs:oss:*:1:box/out/in/a")).toBe(false);
  expect(allows({ Resource: "acs:fc:*:*:functions/f?" }, "a", "acs:fc:r:1:functions/f1")).toBe(true);
  expect(allows({ Resource: "a.c" }, "a", "abc")).toBe(false);
});

test("a condition on what the request does not tell voids an Allow and is ignored by a Deny", ({
  expect,
}) => {
  const Condition = { StringEquals: { "acs:Service": ["ecs.aliyuncs.com", "fc.aliyuncs.com"] } };
  const verdict = (document: Policy, conditions: Record<string, string>) =>
    evaluate(document, "ram:PassRole", "r", conditions);
  expect(verdict(policy({ Condition }), { "acs:Service": "ecs.aliyuncs.com" })).toBe("allow");
  expect(verdict(policy({ Condition }), { "acs:Service": "oss.aliyuncs.com" })).toBe("implicit deny");
  expect(verdict(policy({ Condition }), {})).toBe("implicit deny");
  expect(verdict(policy({}, { Effect: "Deny", Condition }), {})).toBe("allow");
  expect(() => verdict(policy({ Condition: { IpAddress: { a: "b" } } }), { a: "b" })).toThrow(/IpAddress/);
});

test("a refusal names action, resource and role, in the words of the product", ({ expect }) => {
  const ram = new Ram({ Worker: policy() });
  const refusal = (action: string): CloudFault => {
    try {
      ram.authorize({ accountId: "1", keyId: "k", role: "worker" }, action, "the-resource", {});
    } catch (error) {
      return known<CloudFault>(error);
    }
    throw new Error("it was allowed");
  };
  expect(refusal("ecs:RunInstances")).toMatchObject({
    status: 403,
    code: "Forbidden.RAM",
    message: expect.stringMatching(/worker.*ecs:RunInstances.*the-resource/),
    detail: {
      AccessDeniedDetail: {
        AuthAction: "ecs:RunInstances",
        AuthPrincipalDisplayName: "worker",
        AuthResource: "the-resource",
        NoPermissionType: "ImplicitDeny",
      },
    },
  });
  expect(refusal("oss:GetObject").code).toBe("AccessDenied");
  expect(refusal("fc:InvokeFunction").code).toBe("AccessDenied");
});

test("the account may do everything, an unlisted role nothing, and without policies every role everything", ({
  expect,
}) => {
  expect(new Ram({}).verdict(undefined, "a", "b", {})).toBe("allow");
  expect(new Ram({}).verdict("worker", "a", "b", {})).toBe("implicit deny");
  expect(new Ram(undefined).verdict("worker", "a", "b", {})).toBe("allow");
});
