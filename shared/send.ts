/** Sends events to functions of this deployment. */
import { deliver } from "./cloud/fc/invoke.ts";
import type { Ports } from "./invocation.ts";
import { redactedJson } from "./redact.ts";
import type { Send } from "./workflow/workflow.ts";

/** Queues an event, `delayMs` from now. An event that was sent before is a duplicate, which is no error. */
export const send = (
  { to, taskId, event }: Send,
  { cloud, nameOf }: Pick<Ports, "cloud" | "nameOf">,
  delayMs = 0,
): Promise<"accepted" | "duplicate"> =>
  deliver(cloud, { to: nameOf(to), payload: redactedJson(event), delayMs, taskId });
