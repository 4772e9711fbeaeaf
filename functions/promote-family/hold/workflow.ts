/** An operator holds a family or lifts its hold (shared/holds.ts): a run of one phase. */
import * as z from "zod/mini";
import { describeImages, familyImage } from "../../../shared/cloud/ecs/images.ts";
import { minutes, parseDuration, readInstant, utcMinute } from "../../../shared/duration.ts";
import { writeHold } from "../../../shared/holds.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { holdShape } from "../../../shared/requests/hold.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { stagedFamily } from "../../../shared/stage.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { familyName, runId } from "../../../shared/workflow/run-id.ts";
import {
  done,
  failed,
  phase,
  type Outcome,
  type RunRequest,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
import { statusOf } from "../family/status.ts";

const event = eventsWith(z.strictObject({ family: z.string() }));

const Hold = event("hold", { why: z.string(), until: z.optional(z.string()) });
const Unhold = event("unhold", {});

async function holdFamily(given: EventOf<typeof Hold>, ports: Ports): Promise<Outcome> {
  const { input, run, by, why, startedAt } = given;
  const { family } = input;
  const members = await describeImages(ports.cloud, { family });
  if (members.length === 0)
    return failed(`family ${family} has no image, so there is nothing to hold; correct its name`);
  const until = given.until === undefined ? undefined : instantOf(given.until, startedAt);
  if (Number.isNaN(until) || (until ?? Number.POSITIVE_INFINITY) <= ports.clock.now())
    return failed(`until: ${given.until} is no instant to come; name a later one`);
  await writeHold(family, { run, by, held: true, why, ...(until !== undefined && { until }) }, ports);
  return done({ family, held: true, why, ...(until !== undefined && { until: utcMinute(until) }) });
}

const instantOf = (text: string, from: number): number =>
  /^\d{4}-/.test(text) ? readInstant(text) : from + parseDuration(text);

async function liftHold({ input, run, by }: EventOf<typeof Unhold>, ports: Ports): Promise<Outcome> {
  const { family } = input;
  await writeHold(family, { run, by, held: false, why: "lifted" }, ports, (newest) => newest?.held === true);
  const waits = await waitingFor(family, ports);
  const note = `the next bake of its recipe promotes ${waits} if nothing has changed, or ask for its promotion now`;
  return done({ family, held: false, ...(waits !== undefined && { waits, note }) });
}

/** The newest image that the hold kept back and that is newer than the served one. Its family is in the log of its promotion. */
async function waitingFor(family: string, { cloud }: Ports): Promise<string | undefined> {
  const images = await describeImages(cloud, { tags: ownTags(cloud, { [TAG.role]: ROLE.image }) });
  const { createdAt: servedAt = 0 } = (await familyImage(cloud, family)) ?? {};
  const newer = images.filter(({ createdAt }) => createdAt > servedAt);
  for (const image of newer.toSorted((a, b) => b.createdAt - a.createdAt)) {
    const status = statusOf(image);
    if (status?.word !== "held") continue;
    const { completion } = standing(status.run, await readRunLog(cloud, status.run)) ?? {};
    if (completion?.result?.["family"] === family) return image.id;
  }
  return undefined;
}

const phases = [
  phase(Hold, { limitMs: minutes(30), run: holdFamily }),
  phase(Unhold, { limitMs: minutes(30), run: liftHold }),
];

const shape = { ...requestShape, family: z.string() };
export const HoldRequest = z.strictObject({ ...shape, request: z.literal("hold"), ...holdShape });
export const UnholdRequest = z.strictObject({ ...shape, request: z.literal("unhold") });
const Request = z.discriminatedUnion("request", [HoldRequest, UnholdRequest]);

export const hold: Workflow = {
  kind: "hold",
  phases,
  begin: (event_, { cloud }) => {
    const request = parse(Request, event_.input, "hold");
    const input = { family: stagedFamily(cloud.access.stage, request.family) };
    if (request.request === "unhold") return firstEvent(Unhold, event_, input, {});
    const { why = "no reason given", until } = request;
    return firstEvent(Hold, event_, input, { why, ...(until !== undefined && { until }) });
  },
};

export const requestedHold = ({ by, ...request }: z.infer<typeof Request>, trigger: Trigger): RunRequest => ({
  run: runId("hold", familyName(request.family), trigger.at, [...trigger.identity, request.family]),
  by: by ?? trigger.by,
  request,
});
