/**
 * Roles and policies of a deployment, by the API of RAM 2015-05-01.
 *
 * ROLES-1. A role says in its description which deployment it is of; a role of another one is never changed.
 * ROLES-2. A policy that changes gets a new default version. A policy has five at most, so the oldest goes first.
 *     https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createpolicyversion
 */
import { ApiError, ifThere, type Answer, type Api } from "./api.ts";
import type { Place } from "./names.ts";
import type { Plan } from "./plan.ts";
import { rolesOf, type Role } from "./policies.ts";
import { Refusal } from "./refusal.ts";

const MAX_VERSIONS = 5;

const markOf = ({ bucket }: Place): string => `Kiln deployment ${bucket}`;

/** Creates or updates the roles of a deployment and their policies. @throws Refusal for a role of another one. */
export async function setUpRoles(
  api: Api,
  place: Place,
  plan: Plan,
  roles: readonly Role[] = rolesOf(place),
): Promise<void> {
  const found = await Promise.all(roles.map((role) => roleIn(api, role, place)));
  const foreign = found.flatMap(({ problem }) => problem ?? []);
  if (foreign.length > 0) throw new Refusal(foreign);
  for (const { role, there } of found) {
    await setUpRole(api, { role, there, mark: markOf(place) }, plan);
    await setUpPolicy(api, role, plan);
    await attach(api, role, plan);
  }
}

interface Found {
  readonly role: Role;
  readonly there: Answer | undefined;
  readonly problem?: string;
}

async function roleIn(api: Api, role: Role, place: Place): Promise<Found> {
  const answer = await ifThere(api.rpc("ram", "GetRole", { RoleName: role.name }));
  const there = answer === undefined ? undefined : record(answer["Role"]);
  const description = text(there?.["Description"]);
  if (there === undefined || description === markOf(place)) return { role, there };
  const whose = description.startsWith("Kiln deployment ")
    ? `of ${description.slice("Kiln deployment ".length)}`
    : "not of Kiln";
  const problem = `role ${role.name} is there and ${whose}; choose another KILN_STAGE, or delete that role`;
  return { role, there, problem };
}

interface RoleChange {
  readonly role: Role;
  readonly there: Answer | undefined;
  readonly mark: string;
}

async function setUpRole(api: Api, { role, there, mark }: RoleChange, plan: Plan): Promise<void> {
  const { name, trust } = role;
  if (there === undefined) {
    const params = { RoleName: name, AssumeRolePolicyDocument: compact(trust), Description: mark };
    return plan.change(`create role ${name}`, () => api.rpc("ram", "CreateRole", params));
  }
  if (compact(text(there["AssumeRolePolicyDocument"])) === compact(trust)) return;
  const params = { RoleName: name, NewAssumeRolePolicyDocument: compact(trust) };
  await plan.change(`update who may assume role ${name}`, () => api.rpc("ram", "UpdateRole", params));
}

async function setUpPolicy(api: Api, { name, policy }: Role, plan: Plan): Promise<void> {
  const document = JSON.stringify(policy);
  const named = { PolicyName: name };
  const answer = await ifThere(api.rpc("ram", "GetPolicy", { ...named, PolicyType: "Custom" }));
  if (answer === undefined) {
    const params = { ...named, PolicyDocument: document };
    return plan.change(`create policy ${name}`, () => api.rpc("ram", "CreatePolicy", params));
  }
  const now = text(record(answer["DefaultPolicyVersion"])?.["PolicyDocument"]);
  if (compact(now) === document) return;
  await plan.change(`update policy ${name}`, async () => {
    await makeRoom(api, name);
    const params = { ...named, PolicyDocument: document, SetAsDefault: "true" };
    return api.rpc("ram", "CreatePolicyVersion", params);
  });
}

/** The ids of the versions that are not the default, oldest first. */
async function otherVersions(api: Api, name: string): Promise<readonly string[]> {
  const params = { PolicyName: name, PolicyType: "Custom" };
  const answer = record((await api.rpc("ram", "ListPolicyVersions", params))["PolicyVersions"]);
  return records(answer?.["PolicyVersion"])
    .filter((version) => version["IsDefaultVersion"] !== true)
    .map((version) => text(version["VersionId"]))
    .toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/** ROLES-2. */
async function makeRoom(api: Api, name: string): Promise<void> {
  const others = await otherVersions(api, name);
  const [oldest] = others;
  if (oldest === undefined || others.length + 1 < MAX_VERSIONS) return;
  await api.rpc("ram", "DeletePolicyVersion", { PolicyName: name, VersionId: oldest });
}

const attached = async (api: Api, name: string): Promise<readonly string[]> => {
  const answer = await ifThere(api.rpc("ram", "ListPoliciesForRole", { RoleName: name }));
  return records(record(answer?.["Policies"])?.["Policy"]).map((policy) => text(policy["PolicyName"]));
};

const attachment = (name: string) => ({ PolicyType: "Custom", PolicyName: name, RoleName: name });

async function attach(api: Api, { name }: Role, plan: Plan): Promise<void> {
  if ((await attached(api, name)).includes(name)) return;
  await plan.change(`attach policy ${name} to its role`, () =>
    api.rpc("ram", "AttachPolicyToRole", attachment(name)),
  );
}

/** Removes the roles of a deployment and their policies. Answers those that stay, with the reason. */
export async function removeRoles(
  api: Api,
  place: Place,
  plan: Plan,
  roles: readonly Role[] = rolesOf(place),
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const role of roles) {
    const { there, problem } = await roleIn(api, role, place);
    if (problem === undefined) {
      const others = (await attached(api, role.name)).filter((name) => name !== role.name);
      if (others.length > 0) left.push(`role ${role.name}: ${others.join(", ")} is attached to it too`);
      else await removeRole(api, role.name, { isThere: there !== undefined, plan });
    } else left.push(problem);
  }
  return left;
}

interface Removal {
  readonly isThere: boolean;
  readonly plan: Plan;
}

async function removeRole(api: Api, name: string, { isThere, plan }: Removal): Promise<void> {
  const named = { PolicyName: name };
  const policy = await ifThere(api.rpc("ram", "GetPolicy", { ...named, PolicyType: "Custom" }));
  if (isThere)
    await plan.change(`delete role ${name}`, async () => {
      await absentIsDone(api.rpc("ram", "DetachPolicyFromRole", attachment(name)));
      await absentIsDone(api.rpc("ram", "DeleteRole", { RoleName: name }));
    });
  if (policy === undefined) return;
  await plan.change(`delete policy ${name}`, async () => {
    for (const id of await otherVersions(api, name))
      await api.rpc("ram", "DeletePolicyVersion", { ...named, VersionId: id });
    await absentIsDone(api.rpc("ram", "DeletePolicy", named));
  });
}

async function absentIsDone(answer: Promise<Answer>): Promise<void> {
  await answer.catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  });
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is looked at when it is read
const record = (value: unknown): Answer | undefined => (value ?? undefined) as Answer | undefined;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
const records = (value: unknown): readonly Answer[] => (Array.isArray(value) ? (value as Answer[]) : []);

/** A document without white space, so that two of them can be compared; other text as it is. */
function compact(document: string): string {
  try {
    return JSON.stringify(JSON.parse(document));
  } catch {
    return document;
  }
}
