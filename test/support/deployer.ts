/** Access keys of someone who deploys and may not everything: sessions of a role with one policy. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Policy } from "../cloud/index.ts";
import type { Hospital } from "./doctor.ts";
import type { Variables } from "./shell.ts";

const README = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

const TRUST = JSON.stringify({
  Version: "1",
  Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: {} }],
});

/** The actions that README lists after some words. */
function listed(after: RegExp, prefix: string): readonly string[] {
  const [, names] = new RegExp(`${after.source}([\\w,\\s]+)`).exec(README) ?? [];
  if (names === undefined) throw new Error(`README.md does not say ${after.source}`);
  return names.split(/[\s,]+|and/).flatMap((name) => (/^[A-Z]\w+$/.test(name) ? [`${prefix}:${name}`] : []));
}

const allow = (...Action: readonly string[]) => ({ Effect: "Allow" as const, Action, Resource: "*" });

/** The key of README, "Deploy": its policies of the cloud, and in place of those of RAM and OSS the actions that it lists. */
export const documentedKey = (): Policy => ({
  Version: "1",
  Statement: [
    allow("fc:*"),
    // AliyunFCFullAccess passes roles to Function Compute and to nothing else.
    { ...allow("ram:PassRole"), Condition: { StringEquals: { "acs:Service": "fc.aliyuncs.com" } } },
    allow("ecs:Describe*", "ecs:List*"),
    allow("bssapi:QueryAccountBalance"),
    allow(...listed(/need these actions of `ram:`: /, "ram")),
    allow(...listed(/need these actions of `oss:`: /, "oss")),
    allow(...listed(/and for `undeploy` also /, "oss")),
  ],
});

/** Makes the role of a deployer, and answers the variables of a key with it. */
export async function deployWith(
  { api, cloud }: Pick<Hospital, "api" | "cloud">,
  policy: Policy,
  name = "deployer",
): Promise<() => Variables> {
  const PolicyName = name;
  const named = { RoleName: name };
  await api.rpc("ram", "CreateRole", { ...named, AssumeRolePolicyDocument: TRUST });
  await api.rpc("ram", "CreatePolicy", { PolicyName, PolicyDocument: JSON.stringify(policy) });
  await api.rpc("ram", "AttachPolicyToRole", { ...named, PolicyName, PolicyType: "Custom" });
  return () => {
    const { id, secret, token } = cloud.keys.assume(name, 3_600_000);
    return {
      ALIBABA_CLOUD_ACCESS_KEY_ID: id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret,
      ALIBABA_CLOUD_SECURITY_TOKEN: token,
    };
  };
}
