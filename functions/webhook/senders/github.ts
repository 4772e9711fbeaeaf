/**
 * GitHub: a workflow job that waits for a runner launches an instance of the fleet that has all of its labels; one that a
 * runner has launches nothing any more, and when it is completed its machine may go. Pure.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job
 */
import * as z from "zod/mini";
import { days, readInstant } from "../../../shared/duration.ts";
import { hmac, isOneOf } from "../../../shared/hmac.ts";
import { Secrets } from "../../../shared/http/config.ts";
import { readJsonWithIds } from "../../../shared/json.ts";
import { fleetFor, sameLabels, type Choice } from "./labels.ts";
import {
  FleetShare,
  ignored,
  LABELS_MAX,
  launch,
  malformed,
  readBody,
  refused,
  type ParsedWebhook,
  type SenderRequest,
  type TakenJob,
} from "./sender.ts";

export const GithubSettings = z.strictObject({
  kind: z.literal("github"),
  /** The webhook's secret; two while rotating. */
  secrets: Secrets,
  /** The fleet of each label, or of several with commas between them. */
  labels: z.record(z.string(), FleetShare).check(({ value, issues }) => {
    const message = sameLabels(value);
    if (message !== undefined) issues.push({ code: "custom", message, input: value });
  }),
});
type GithubSettings = z.infer<typeof GithubSettings>;

/** The fields that are read. */
const Payload = z.looseObject({
  action: z.string(),
  repository: z.looseObject({ full_name: z.string() }),
  /** Of a job with an environment; after an approval its update may be all that differs. */
  deployment: z.nullish(z.looseObject({ updated_at: z.nullish(z.string()) })),
  workflow_job: z.looseObject({
    /** Of 64 bits: a text where a double does not hold it. */
    id: z.union([z.number(), z.string().check(z.regex(/^\d{16,}$/))]),
    run_attempt: z._default(z.number(), 1),
    labels: z.array(z.string()).check(z.maxLength(LABELS_MAX)),
    created_at: z.string(),
    started_at: z.nullish(z.string()),
    completed_at: z.nullish(z.string()),
    runner_name: z.nullish(z.string()),
    runner_group_name: z.nullish(z.string()),
  }),
});

/** `X-Hub-Signature-256` holds HMAC-SHA256 over the raw body, form or JSON. */
export function parseGithub({ secrets, labels }: GithubSettings, request: SenderRequest): ParsedWebhook {
  const expected = secrets.map((secret) => `sha256=${hmac(secret, request.body)}`);
  if (!isOneOf(expected, request.headers["x-hub-signature-256"] ?? ""))
    return refused(
      "the signature is wrong: compare the secret of the hook at GitHub with the secrets in KILN_SENDERS",
    );
  const body = fromForm(readBody(request));
  if (body === undefined) return malformed("the body is not JSON");
  // By content: the header that names the event is not signed.
  if (!z.looseObject({ workflow_job: z.unknown() }).safeParse(body).success) {
    return ignored("not a workflow_job event");
  }
  const parsed = Payload.safeParse(body);
  if (!parsed.success) return malformed("not the workflow_job event GitHub documents");
  return ofJob(labels, parsed.data, request.now);
}

type Payload = z.infer<typeof Payload>;

function ofJob(labels: GithubSettings["labels"], payload: Payload, now: number): ParsedWebhook {
  const { action, workflow_job: job } = payload;
  if (!["queued", "in_progress", "completed"].includes(action))
    return ignored(`the job is ${action}, not queued`);
  const choice = fleetFor(labels, job.labels);
  const machine = action === "queued" ? {} : machineOf(labels, payload);
  // A machine of any fleet may have run a job that no fleet would have got.
  const [fleet] = machine.begun || machine.ended ? fleetsOf(labels) : [];
  const share = "share" in choice ? choice.share : fleet && { fleet, count: 1 };
  if (!share) return ignored(reasonOf(choice, action));
  const wanted = { ...share, ...eventOf(payload) };
  const launched = launch(wanted, now, KEPT_MS);
  if (launched.kind !== "launch" || action === "queued") return launched;
  const mayLaunch = "share" in choice;
  return { kind: "taken", reason: reasonOf(choice, action), mayLaunch, job: wanted, ...machine };
}

const reasonOf = (choice: Choice, action: string): string =>
  "share" in choice ? `the job is ${action}` : choice.reason;

function eventOf({ repository, deployment, workflow_job: job }: Payload) {
  const at = readInstant(job.created_at);
  // The age is that of the event: a job may have waited for an approval for weeks.
  const changed = [job.started_at, job.completed_at, deployment?.updated_at].map((text) =>
    readInstant(text ?? ""),
  );
  const announcedAt = Math.max(at, ...changed.filter(Number.isFinite));
  return { delivery: [repository.full_name, job.id, job.run_attempt], at, announcedAt };
}

/**
 * When a runner began and ended a job, and the fleets that it may be of: any of the sender's, because a runner also takes jobs
 * that ask for fewer labels than it has. None for a runner of GitHub's own, and for an instant that is unknown. A workflow that
 * runs again announces its finished jobs once more, created now, begun and completed then: no other instant says when.
 */
function machineOf(
  labels: GithubSettings["labels"],
  { action, workflow_job: job }: Payload,
): Pick<TakenJob, "begun" | "ended"> {
  const { runner_name: runner, runner_group_name: group } = job;
  if (!runner || group === HOSTED || runner.startsWith(HOSTED)) return {};
  const begunAt = readInstant(job.started_at ?? "");
  const endedAt = readInstant((action === "completed" && job.completed_at) || "");
  const fleets = fleetsOf(labels);
  return {
    ...(Number.isFinite(begunAt) && { begun: { runner, at: begunAt, fleets } }),
    ...(Number.isFinite(endedAt) && { ended: { runner, at: endedAt, fleets } }),
  };
}

const fleetsOf = (labels: GithubSettings["labels"]): string[] => [
  ...new Set(Object.values(labels).map(({ fleet }) => fleet)),
];

const HOSTED = "GitHub Actions";

/** GitHub keeps deliveries for three days, and they can be sent again so long. */
// https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
const KEPT_MS = days(3);

/** A webhook set to "form" carries the JSON in a field. */
function fromForm(body: unknown): unknown {
  const form = z.looseObject({ payload: z.string() }).safeParse(body);
  return form.success ? readJsonWithIds(form.data.payload) : body;
}
