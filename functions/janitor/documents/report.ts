/** The run of a document that is refused: it ends at once, so that there is a record, an alarm and a notification. */
import * as z from "zod/mini";
import { minutes } from "../../../shared/duration.ts";
import { parse } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { DEFAULT_CHANNEL } from "../../../shared/notifications/notification.ts";
import { failureSends } from "../../../shared/notifications/subscriptions.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { eventsWith, firstEvent } from "../../../shared/workflow/envelope.ts";
import { failed, phase, type Workflow } from "../../../shared/workflow/workflow.ts";

const input = { key: z.string(), reason: z.string(), channels: z.array(Name) };
const Input = z.strictObject(input);
const Report = eventsWith(Input)("report", {});

/** The request of such a run. */
const ReportRequest = z.strictObject({ ...requestShape, request: z.literal("report"), ...input });

export const report: Workflow = {
  kind: "check",
  phases: [
    phase(Report, { limitMs: minutes(30), run: (event) => Promise.resolve(failed(event.input.reason)) }),
  ],
  begin: (event) => {
    const { key, reason, channels } = parse(ReportRequest, event.input, "report");
    return firstEvent(Report, event, { key, reason, channels }, {});
  },
  /** Its own channels, as far as they can be read, and the deployment's. */
  onComplete: ({ run, by, input: given }, completion, { clock }) => {
    // After a lost end the input is the request, which has more fields.
    const parsed = z.object(input).safeParse(given);
    if (!parsed.success || completion.kind !== "failed") return Promise.resolve({});
    const { key: subject, channels } = parsed.data;
    const owners = [...channels, DEFAULT_CHANNEL].map((channel) => ({
      channel,
      events: ["failed"] as const,
    }));
    const notifications = failureSends({ run, by, subject }, completion.reason, clock.now(), owners);
    return Promise.resolve({ notifications });
  },
};
