/**
 * GitHub: a workflow job that waits for a runner launches an instance of the fleet that one of its labels names. Pure.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job
 */
import * as z from "zod/mini";
import { hmac, isOneOf } from "../../../shared/hmac.ts";
import { Secrets } from "../../../shared/http/config.ts";
import { readJson } from "../../../shared/json.ts";
import {
  FleetShare,
  ignored,
  launch,
  malformed,
  readBody,
  refused,
  type ParsedWebhook,
  type SenderRequest,
} from "./sender.ts";

export const GithubSettings = z.strictObject({
  kind: z.literal("github"),
  /** The webhook's secret; two while rotating. */
  secrets: Secrets,
  /** The fleet of each label. */
  labels: z.record(z.string(), FleetShare),
});
type GithubSettings = z.infer<typeof GithubSettings>;

/** The fields that are read. */
const Payload = z.looseObject({
  action: z.string(),
  repository: z.looseObject({ full_name: z.string() }),
  workflow_job: z.looseObject({
    id: z.number(),
    run_attempt: z._default(z.number(), 1),
    labels: z.array(z.string()),
    created_at: z.string(),
  }),
});

/** `X-Hub-Signature-256` holds HMAC-SHA256 over the raw body, form or JSON. */
export function parseGithub({ secrets, labels }: GithubSettings, request: SenderRequest): ParsedWebhook {
  const expected = secrets.map((secret) => `sha256=${hmac(secret, request.body)}`);
  if (!isOneOf(expected, request.headers["x-hub-signature-256"] ?? "")) return refused("signature");
  const body = fromForm(readBody(request));
  if (body === undefined) return malformed("the body is not JSON");
  // By content: the header that names the event is not signed.
  if (!z.looseObject({ workflow_job: z.unknown() }).safeParse(body).success) {
    return ignored("not a workflow_job event");
  }
  const parsed = Payload.safeParse(body);
  if (!parsed.success) return malformed("not the workflow_job event GitHub documents");
  const { action, repository, workflow_job: job } = parsed.data;
  if (action !== "queued") return ignored(`the job is ${action}, not queued`);
  const share = job.labels
    .map((label) => (Object.hasOwn(labels, label) ? labels[label] : undefined))
    .find(Boolean);
  if (share === undefined) return ignored("no label of the job names a fleet");
  const delivery = [repository.full_name, job.id, job.run_attempt];
  return launch([{ ...share, delivery, at: Date.parse(job.created_at) }], request.now);
}

/** A webhook set to "form" carries the JSON in a field. */
function fromForm(body: unknown): unknown {
  const form = z.looseObject({ payload: z.string() }).safeParse(body);
  return form.success ? readJson(form.data.payload) : body;
}
