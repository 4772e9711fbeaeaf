/**
 * The gate: check → launch → boot → command ⇄ watch (⇄ rebooted) → discard, then on to the family.
 *
 * P1. A fresh machine boots from the image and passes the recipe's tests before the family hears of it.
 * P2. An image that was rolled back, or that a newer one outranks, is not even tested: a late event must
 *     not undo what somebody decided since.
 */
import { describeImages, type Image } from "../../shared/cloud/images.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { At, PromoteEvent, PromoteJob } from "../../shared/events/promote-family.ts";
import type { Step } from "../../shared/documents/recipe-steps.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { failed, next, type Outcome } from "../../shared/machine.ts";
import { discardFrom, temporarySteps } from "../../shared/temporary.ts";
import { approvalProblem } from "./approval.ts";
import { allFindings, CHECKS, firstFindings, firstLook, refusalOf, secondLook } from "./hygiene.ts";
import { outrankedBy, outranking, testerRental } from "./plan.ts";
import { standingOf, standingTag } from "./standing.ts";

type PromoteOutcome = Outcome<PromoteEvent>;
export type GateEvent = At<"launch" | "boot" | "command" | "watch" | "rebooted" | "discard">;

/** The gate's commands: a first look, the recipe's tests, a reboot and a second look. */
export function gateCommands({ document, tested }: PromoteJob): readonly Step[] {
  const { test } = document;
  // Every path that is looked at is Linux's; the recipe's own tests are read by PowerShell.
  if (tested?.osType === "windows") return test.commands;
  const { timeoutMs } = test;
  const first = firstLook(timeoutMs);
  if (CHECKS.every((check) => test.hygiene.waive.includes(check))) return [first, ...test.commands];
  const reboot: Step = { kind: "reboot", name: "reboot", timeoutMs };
  return [first, ...test.commands, reboot, secondLook(timeoutMs)];
}

/** What a look inside says against the image, in words; undefined for the recipe's own commands. */
export function judgeLook(job: PromoteJob, index: number, output: string): string | undefined {
  if (job.tested === undefined || job.tested.osType === "windows") return undefined;
  const last = gateCommands(job).length - 1;
  if (index === 0) return refusalOf(firstFindings(output), job);
  const isSecond = index === last && gateCommands(job)[last]?.name === "second boot";
  return isSecond ? refusalOf(allFindings(output, job.tested.createdAt), job) : undefined;
}

const giveUp = (event: PromoteEvent, reason: string): PromoteOutcome =>
  next(discardFrom(event, { ok: false, reason }));

const rented = temporarySteps<GateEvent>({
  rental: ({ job }) => {
    const rental = testerRental(job);
    if (rental === undefined) throw new TypeError(`recipe ${job.recipe} has no place to test in`);
    return rental;
  },
  commands: ({ job }) => gateCommands(job),
  shell: ({ job }) => (job.tested?.osType === "windows" ? "powershell" : "shell"),
  judge: ({ job }, index, output) => judgeLook(job, index, output),
  ready: (event, instanceId) =>
    next({ ...discardFrom(event, { ok: true, note: `${event.job.imageId} passed its gate` }), instanceId }),
  giveUp: giveUp as (event: GateEvent, reason: string) => Outcome<GateEvent>,
  released: async (event, { cloud }) => {
    if (event.phase !== "discard") throw new TypeError(`released in phase ${event.phase}`);
    const { verdict, job, run } = event;
    // A later bake asks for this: an image that failed is no reason to skip the next one.
    const tags = verdict.ok
      ? { [TAG.gate]: "passed" }
      : { [TAG.gate]: "failed", ...standingTag("failed", run) };
    await tagResources(cloud, "image", [job.imageId], tags);
    if (!verdict.ok) return failed(verdict.reason);
    return next(afterGate(job), 0, verdict.note) as unknown as Outcome<GateEvent>;
  },
});

const afterGate = ({ document }: PromoteJob) =>
  ({ phase: document.promote.approval === undefined ? "reserve" : "ask" }) as const;

/** Wraps a step of the gate: all of them together have as long as the recipe says. */
const within =
  <E extends GateEvent>(step: (event: E, ports: Ports) => Promise<Outcome<GateEvent>>) =>
  async (event: E, ports: Ports): Promise<PromoteOutcome> => {
    const { document, tested } = event.job;
    const tookMs = ports.clock.now() - (tested?.since ?? event.began);
    const { timeoutMs } = document.test;
    if (tookMs <= timeoutMs) return step(event, ports);
    const where = `${event.phase}: ${event.trail.at(-1)?.note ?? "nothing yet"}`;
    return giveUp(
      event,
      `the gate is not over after ${formatDuration(tookMs)} (${where}); test.timeout allows ${formatDuration(timeoutMs)}`,
    );
  };

/** The image and the members that outrank it; or why it is not even tested (P2). Only looks. */
export async function admit(
  job: PromoteJob,
  { cloud }: Ports,
): Promise<{ readonly image: Image; readonly newer: readonly Image[] } | string> {
  const { imageId, family, document, recipe } = job;
  const [image] = await describeImages(cloud, { ids: [imageId] });
  if (image === undefined) return `image ${imageId} does not exist in ${cloud.access.region}`;
  const standing = standingOf(image);
  if (standing?.word === "rolled-back") {
    return `image ${imageId} was taken back by ${standing.run}; undo that rollback of ${family}, or bake again`;
  }
  if (image.status !== "Available" || !image.usable)
    return `image ${imageId} is ${image.status}, not available`;
  const newer = outranking(image, await describeImages(cloud, { family }));
  if (newer[0] && document.promote.outranked === "stop") return outrankedBy(imageId, family, newer[0]);
  const problem = approvalProblem(document);
  if (problem !== undefined) return problem;
  if (!document.test.skip && testerRental(job) === undefined) {
    return `recipe ${recipe} has no builder, so test needs instanceTypes, vSwitchIds and securityGroupId (or skip: true)`;
  }
  return { image, newer };
}

/** The image as its test knows it. */
export const testedOf = ({ createdAt, osType, dataDisks }: Image, since: number) => ({
  createdAt,
  osType,
  since,
  dataDisks: [...dataDisks],
});

async function check(event: At<"check">, ports: Ports): Promise<PromoteOutcome> {
  const { imageId, document } = event.job;
  const admitted = await admit(event.job, ports);
  if (typeof admitted === "string") return failed(admitted);
  const job = { ...event.job, tested: testedOf(admitted.image, ports.clock.now()) };
  // Said before the test begins: retention keeps its hands off an image that is being promoted.
  await tagResources(ports.cloud, "image", [imageId], standingTag("waiting", event.run));
  if (document.test.skip) return next({ ...afterGate(job), job }, 0, "its recipe says test: skip");
  return next({ phase: "launch", rung: 0, job });
}

export const gateSteps = {
  check,
  launch: within<At<"launch">>(rented.launch),
  boot: within<At<"boot">>(rented.boot),
  command: within<At<"command">>(rented.command),
  watch: within<At<"watch">>(rented.watch),
  rebooted: within<At<"rebooted">>(rented.rebooted),
  discard: (event: At<"discard">, ports: Ports): Promise<PromoteOutcome> => rented.discard(event, ports),
};
