/** The permissions of each role, tried with the role itself. */
import { ifThere } from "../../api.ts";
import { rolesOf, type Role } from "../../policies.ts";
import { ok, unknown, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";
import { PROBE_NEEDS } from "./probe.ts";
import type { Order, Reply } from "../probe/orders.ts";
import { allowedTo, type Allowed } from "./role-orders.ts";

/** Functions do not take this one: OSS does. */
const OF_OSS = "oss-events";
/** Given by setup; whether it works shows where roles are passed (recipes, fleets). */
const NOT_TRIED = new Set(["ram:PassRole"]);

const DENIED = /^(?:Forbidden|Forbbiden|NoPermission|AccessDenied)/;
/** A policy of the organisation denies what no policy of the account can allow. */
const BY_ORGANISATION = /ExplicitDeny|control policy|ControlPolicy/i;

const isDenied = ({ status, code }: Reply): boolean =>
  (status === 401 || status === 403) && DENIED.test(code);

const nameOf = ({ action, on }: Allowed): string => (on === "" ? action : `${action} on ${on}`);

async function may(context: Context, role: Role): Promise<Finding> {
  const { api, settings } = context;
  if ((await ifThere(api.rpc("ram", "GetRole", { RoleName: role.name }))) === undefined)
    return wrong(`role ${role.name} is not there`, "run npm run setup");
  const all = allowedTo(role, settings.place.region).filter(({ action }) => !NOT_TRIED.has(action));
  const tried = all.filter((one): one is Allowed & { readonly order: Order } => one.order !== undefined);
  const probe = await context.probe();
  const { replies } = await probe.ask(
    tried.map(({ order }) => order),
    role.part,
  );
  const answers = tried.map((one, place) => ({ name: nameOf(one), reply: replies[place] }));
  const denied = answers.filter(({ reply }) => reply !== undefined && isDenied(reply));
  const own = denied.filter(({ reply }) => !BY_ORGANISATION.test(reply?.text ?? ""));
  const names = (list: typeof denied): string => list.map(({ name }) => name).join(", ");
  if (own.length > 0) return wrong(`${role.name} may not: ${names(own)}`, "run npm run setup");
  const open = answers.filter(
    ({ reply }) => reply === undefined || reply.status === 0 || reply.status >= 500,
  );
  if (denied.length > 0) return unknown(`a policy of the organisation denies: ${names(denied)}`);
  if (open.length > 0) return unknown(`no answer to: ${names(open)}`);
  return ok(`${tried.length} of ${all.length} permissions tried`);
}

/** A check for each role that a function has. */
export const roleChecks = (roles: readonly string[]): readonly Check<Context>[] =>
  roles
    .filter((part) => part !== OF_OSS)
    .map((part) => ({
      name: `role-${part}`,
      needs: PROBE_NEEDS,
      run: async (context) => {
        const role = rolesOf(context.settings.place).find((one) => one.part === part);
        return role === undefined ? unknown(`there is no policy of ${part}`) : may(context, role);
      },
    }));
