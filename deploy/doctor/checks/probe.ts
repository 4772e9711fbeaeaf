/** The probe itself: without what it does for itself, other checks would take a refusal for a finding. */
import { roleNameOf } from "../../names.ts";
import { judged, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";
import { said } from "../probe.ts";
import type { Order } from "../probe/orders.ts";

/** Whether the probe may do for itself what the checks after this one rest on. */
async function ownProbe(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const key = `${probe.folder}own`;
  const query = { "list-type": "2", prefix: probe.folder, "max-keys": "1" };
  const orders = [
    { kind: "bucket", action: "PutObject", method: "PUT", key, body: "doctor" },
    { kind: "bucket", action: "ListObjects", method: "GET", query },
    { kind: "bucket", action: "GetObject", method: "GET", key },
    { kind: "bucket", action: "DeleteObject", method: "DELETE", key },
  ] as const satisfies readonly Order[];
  const { replies } = await probe.ask(orders);
  const problems = orders.flatMap(({ action }, place) => {
    const reply = replies[place];
    return reply !== undefined && reply.status >= 200 && reply.status < 300
      ? []
      : [`oss:${action} is refused to the probe: ${reply && said(reply)}`];
  });
  const todo = `its role ${roleNameOf(context.settings.place, "probe")} is allowed it: look for a policy of the bucket or of the organisation that denies it`;
  return judged(problems, "writes, lists, reads and deletes its objects", todo);
}

/** What every check that asks the probe needs. */
export const PROBE_NEEDS = ["account", "bucket", "probe"];

export const PROBE_CHECKS: readonly Check<Context>[] = [
  { name: "probe", needs: ["account", "bucket"], run: ownProbe },
];
