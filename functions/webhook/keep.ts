/**
 * The signed address that keeps an instance whose stop is announced, `/keep/<fleet>/<instance>/<expires>/<signature>`. A
 * GET shows the question (LINK-2); a POST starts a run of `stop-idle` that tags the instance, which this role may not do.
 */
import * as z from "zod/mini";
import { days, utcMinute } from "../../shared/duration.ts";
import type { Ports } from "../../shared/invocation.ts";
import { Name } from "../../shared/names.ts";
import { runId } from "../../shared/workflow/run-id.ts";
import { accept } from "./accept.ts";
import { page, type Page } from "./answer.ts";
import type { Call } from "../../shared/http/call.ts";
import { openLink } from "./link.ts";

/** How long after the announced stop an instance is kept. */
const KEPT_MS = days(1);

export async function answerKeep(call: Call, ports: Ports): Promise<Page> {
  const link = openLink(call, "keep", z.tuple([Name, z.string()]), ports.clock.now());
  if (!link.ok) return link.refusal;
  const [fleet, instance] = link.parts;
  const until = link.expiresAt + KEPT_MS;
  const day = utcMinute(until);
  const member = `Instance ${instance} of fleet ${fleet}`;
  if (call.method !== "POST") {
    const question = `${member} is idle and is stopped from ${utcMinute(link.expiresAt)} on. If you keep it, it runs until ${day} at least.`;
    return page(200, [question], [{ label: "Keep it", decision: "keep" }]);
  }
  if (new URLSearchParams(call.body.toString("utf8")).get("decision") !== "keep")
    return page(400, ["The decision is missing: send decision=keep."]);
  // Made of the link alone, so that a second click is the same run.
  const run = runId("keep", fleet, link.expiresAt, [instance]);
  const request = { v: 1, request: "keep", fleet, instance, until };
  await accept({ run, by: "link", request }, ports);
  // Whether it is still there, and a member, is seen by the run.
  return page(202, [`${member} is to be kept until ${day}: the run ${run} tags it, or says why it cannot.`]);
}
