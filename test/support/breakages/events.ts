/** A Function Compute that does not do what Kiln relies on. */
import type { Policy } from "../../cloud/index.ts";
import { fault, type Breakage } from "./breakage.ts";

const DEPLOYER: Policy = {
  Version: "1",
  Statement: [
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: "ram:PassRole", Resource: "acs:ram:*:*:role/kiln-cn-hangzhou-oss-events" },
  ],
};

export const EVENT_BREAKAGES: readonly Breakage[] = [
  {
    check: "runtime",
    says: /the context lacks credentials/,
    breaks: ({ api, cloud }) =>
      cloud.faults.interleave({
        product: "fc",
        action: "InvokeFunction",
        when: ({ functionName = "" }, n) => functionName === "kiln-probe" && n === 1,
        before: async () => {
          await api.fc("PUT", "/functions/kiln-probe", {}, { role: "" });
        },
      }),
  },
  {
    check: "signature",
    says: /fc is refused/,
    breaks: fault(
      "fc",
      "InvokeFunction",
      ({ invocationType, signature }) => invocationType === "Async" && signature === "FC",
    ),
    examination: { env: { KILN_FC_SIGNATURE: "fc" } },
  },
  {
    check: "delay",
    says: /arrives long before its delay is over/,
    breaks: ({ cloud }) => {
      cloud.fc.configure({ delayFactor: 0 });
      return () => cloud.fc.configure({ delayFactor: 1 });
    },
  },
  {
    check: "duplicate",
    says: /used before is accepted/,
    breaks: ({ cloud }) => {
      cloud.fc.configure({ taskIds: { rememberedMs: 0 } });
      return () => cloud.fc.configure({ taskIds: {} });
    },
  },
  {
    check: "payload",
    says: /none arrive/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.length > 60_000),
  },
  {
    check: "dead-letter",
    says: /does not reach its failure destination/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.includes("requestContext")),
  },
  {
    check: "timer",
    says: /does not fire/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.includes("triggerName")),
  },
  {
    check: "pass-role",
    says: /has no ram:PassRole on .*oss-events/,
    breaks: async ({ api }) => {
      const named = { RoleName: "deployer" };
      const trust = JSON.stringify({
        Version: "1",
        Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: {} }],
      });
      await api.rpc("ram", "CreateRole", { ...named, AssumeRolePolicyDocument: trust });
      await api.rpc("ram", "CreatePolicy", {
        PolicyName: "deployer",
        PolicyDocument: JSON.stringify(DEPLOYER),
      });
      await api.rpc("ram", "AttachPolicyToRole", { ...named, PolicyName: "deployer", PolicyType: "Custom" });
      return () => {};
    },
    examination: ({ cloud }) => {
      const { id, secret, token } = cloud.keys.assume("deployer", 3_600_000);
      return {
        env: {
          ALIBABA_CLOUD_ACCESS_KEY_ID: id,
          ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret,
          ALIBABA_CLOUD_SECURITY_TOKEN: token,
        },
      };
    },
  },
];
