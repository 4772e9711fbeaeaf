/** GitHub: a workflow job that waits for a runner wants a machine of the fleet its label names. Pure. */
import * as z from "zod/mini";
import { hmac, isOneOf } from "../verify.ts";
import { ignored, malformed, readBody, refused, wished, type Heard, type SenderRequest } from "./sender.ts";
import { FleetShare, Secrets } from "./settings.ts";

export const GithubSettings = z.strictObject({
  kind: z.literal("github"),
  /** The webhook's secret; two while rotating. */
  secrets: Secrets,
  /** Which label of a job means which fleet. */
  labels: z.record(z.string(), FleetShare),
});
type GithubSettings = z.infer<typeof GithubSettings>;

/** workflow_job, as far as it is read (GitHub, webhook events and payloads). */
const Payload = z.looseObject({
  action: z.string(),
  repository: z.looseObject({ full_name: z.string() }),
  workflow_job: z.looseObject({
    id: z.number(),
    run_attempt: z.optional(z.number()),
    labels: z.array(z.string()),
    created_at: z.string(),
  }),
});

/** `X-Hub-Signature-256` holds HMAC-SHA256 over the raw body, form or JSON. */
export function hearGithub({ secrets, labels }: GithubSettings, request: SenderRequest): Heard {
  const given = /^sha256=([0-9a-f]{64})$/.exec(request.headers["x-hub-signature-256"] ?? "")?.[1] ?? "";
  const expected = secrets.map((secret) => hmac(secret, request.body));
  if (!isOneOf(expected, given)) return refused("signature");
  const body = fromForm(readBody(request));
  if (body === undefined) return malformed("the body is not JSON");
  // By content: the header that names the event is not signed.
  if (typeof body !== "object" || body === null || !("workflow_job" in body)) {
    return ignored("not a workflow_job event");
  }
  const parsed = Payload.safeParse(body);
  if (!parsed.success) return malformed("not the workflow_job event GitHub documents");
  const { action, repository, workflow_job: job } = parsed.data;
  if (action !== "queued") return ignored(`the job is ${action}, not queued`);
  const label = job.labels.find((each) => Object.hasOwn(labels, each));
  const share = label === undefined ? undefined : labels[label];
  if (share === undefined) return ignored("no label of the job names a fleet");
  const { fleet, count } = share;
  const delivery = [repository.full_name, job.id, job.run_attempt ?? 1];
  return wished([{ fleet, count, delivery, at: Date.parse(job.created_at) }], request.now);
}

/** A webhook set to "form" carries the JSON in a field. */
function fromForm(body: unknown): unknown {
  const { payload } = (body ?? {}) as { payload?: unknown };
  if (typeof payload !== "string") return body;
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
