/** `start`: an instance that CreateInstance made is stopped; it gets its address and starts. */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import {
  allocatePublicIp,
  describeInstances,
  setAutoRelease,
  startInstance,
  type Instance,
} from "../../../shared/cloud/ecs/instances.ts";
import { minutes, seconds } from "../../../shared/duration.ts";
import { CloudError, permanent } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { expiryAt } from "../../../shared/expiry.ts";
import { ownedByRun } from "../../../shared/ownership.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { tagInstant } from "../../../shared/tags.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, phase, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { plannedEvent, Progress, withNotes } from "./events.ts";
import { isLaunchPage, readPage } from "./instance-pages.ts";
import { ABSENT_MS } from "./launched.ts";
import { toRelease } from "./release.ts";
import { Verify } from "./verify.ts";

/** `page`: place of the current instance's page in `progress.pages`. */
export const Start = plannedEvent("start", { progress: Progress, page: z.int() });
type Start = EventOf<typeof Start>;

/** One change a step: expiry, address, start, the next instance. */
async function startCreated(event: Start, { cloud, clock }: Ports): Promise<Outcome> {
  const { run, progress, page } = event;
  const name = progress.pages[page];
  if (name === undefined) return next(Verify, { progress, page: 0 }, { afterMs: seconds(10) });
  const onward = (note?: string) => next(Start, { progress, page: page + 1 }, { note });
  // The others go on; `release` deletes this one if it is the run's.
  const without = (note: string) => {
    const pages = progress.pages.filter((other) => other !== name);
    return next(Start, { progress: withNotes({ ...progress, pages }, note), page }, { note });
  };
  const [id] = isLaunchPage(name) ? ((await readPage(cloud, run, name)) ?? []) : [];
  if (id === undefined) return onward();
  const [instance] = await describeInstances(cloud, { ids: [id] });
  if (instance === undefined) {
    if (clock.now() - event.phaseStartedAt >= ABSENT_MS) return onward(`${id} vanished`);
    return poll(event, clock, PACE.step, `${id} is not listed yet`);
  }
  const own = await ownedByRun(cloud, { kind: "instance" }, instance, run);
  if (!own.ok) return without(own.problem);
  if (instance.status === "Pending") return poll(event, clock, PACE.step, `${id} is being created`);
  if (instance.status !== "Stopped") return onward(`${id} is ${instance.status}`);
  const outcome = await startOne(instance, event, onward, { cloud, clock }).catch(permanent);
  if (!(outcome instanceof CloudError)) return outcome;
  return without(`${id} was created and would not start: ${outcome.message}`);
}

async function startOne(
  { id, publicIps, autoReleaseAt }: Instance,
  { input, progress, page }: Start,
  onward: (note: string) => Outcome,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<Outcome> {
  const again = (note: string) => next(Start, { progress, page }, { afterMs: seconds(1), note });
  const expiry = expiryAt(input.document, clock.now());
  if (expiry !== undefined && autoReleaseAt === undefined) {
    // CreateInstance takes no AutoReleaseTime. A repeat finds the instant that it set.
    await setAutoRelease(cloud, id, expiry);
    return again(`${id} expires ${tagInstant(expiry)}`);
  }
  const { InternetMaxBandwidthOut: bandwidth = 0 } = input.document.launch;
  if (bandwidth > 0 && publicIps.length === 0) {
    // CreateInstance allocates no address; an elastic one (EIP) counts as one.
    const address = await allocateOnce(id, cloud);
    if (address === undefined) return wait(PACE.step.firstMs, `${id} has an address that is not listed yet`);
    return again(`${id} has ${address}`);
  }
  await startInstance(cloud, id);
  return onward(`${id} starts`);
}

/** The new address; undefined when it had one before. */
async function allocateOnce(id: string, cloud: CloudClient): Promise<string | undefined> {
  try {
    return await allocatePublicIp(cloud, id);
  } catch (error) {
    if (error instanceof CloudError && error.kind === "done") return undefined;
    throw error;
  }
}

export const start = phase(Start, { limitMs: minutes(30), run: startCreated, compensate: toRelease });
