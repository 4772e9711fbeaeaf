/** `launch`: one launch call a step, with the current offering. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { createInstance, runInstances } from "../../../shared/cloud/ecs/instances.ts";
import { getObject } from "../../../shared/cloud/oss/objects.ts";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";
import { placedIn } from "../../../shared/document-fields.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { inlineUserData } from "../../../shared/documents/launch.ts";
import { minutes, seconds } from "../../../shared/duration.ts";
import { CloudError, isCapacity, permanent } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { nextOf } from "../../../shared/limits/stored-reservation.ts";
import { readReservation } from "../../../shared/limits/reservations.ts";
import { noteNoCapacity, type Offering } from "../../../shared/offerings.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { Launch, withNotes, type Progress } from "./events.ts";
import { launchPage, writePage } from "./instance-pages.ts";
import { launchParams, orderedOfferings, type LaunchCall } from "./launch-params.ts";
import { launchRoom, type Room } from "./launch-room.ts";
import { ABSENT_MS, servedImages } from "./launched.ts";
import { hindranceOf } from "./may-go-on.ts";
import { readPassword } from "./password.ts";
import { toRelease } from "./release.ts";

import { Start } from "./start-created.ts";
import { Verify } from "./verify.ts";

interface LaunchApi {
  /** The most instances of one call. */
  readonly amountMax: number;
  readonly call: (
    cloud: CloudClient,
    params: Readonly<Record<string, unknown>>,
    token: string,
  ) => Promise<Answer>;
}

interface Answer {
  readonly ids: readonly string[];
  readonly price: number;
}

/** RunInstances, Amount: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-runinstances */
export const LAUNCH_APIS: Readonly<Record<Fleet["via"], LaunchApi>> = {
  RunInstances: {
    amountMax: 100,
    call: async (...call) => {
      const { instanceIds: ids, tradePrice: price = 0 } = await runInstances(...call);
      return { ids, price };
    },
  },
  CreateInstance: {
    amountMax: 1,
    call: async (...call) => {
      const { instanceId, tradePrice: price = 0 } = await createInstance(...call);
      return { ids: [instanceId], price };
    },
  },
};

/** Launches as many as one call takes. A partial launch is kept, and the rest goes on with the next offering. */
async function launchNext(event: Launch, ports: Ports): Promise<Outcome> {
  const { run, input, progress } = event;
  const { cloud } = ports;
  const { left } = progress;
  const offering = orderedOfferings(input)[progress.offering];
  if (left <= 0) return goOn(event, progress);
  if (offering === undefined) return endShort(event, `no instance type and vSwitch is left for ${left} more`);
  const hindrance = await hindranceOf(input, ports);
  if (hindrance !== undefined) return toRelease(event, hindrance);
  const reservation = await readReservation(cloud, input.fleet, run);
  const { inARow, ...reserved } = nextOf(reservation, left);
  const amount = Math.min(left, LAUNCH_APIS[input.document.via].amountMax, inARow);
  const room = await launchRoom(event, amount, reservation, ports);
  if (room.kind === "full" || room.kind === "refused") return withoutRoom(event, room, ports);
  const images = await servedImages(event, cloud);
  const asked = { offering, amount, ...reserved };
  const answer = room.kind === "launched" ? { ids: room.ids, price: 0 } : await makeCall(event, asked, cloud);
  if ("problem" in answer) return toRelease(event, answer.problem);
  if (answer instanceof CloudError) return refused(event, offering, answer, ports);
  return keep(event, asked, { ...answer, images }, ports);
}

interface Asked extends Pick<LaunchCall, "amount" | "place" | "hostNames"> {
  readonly offering: Offering;
}

/** The answer of the call, or its refusal; a problem when the password cannot be used. */
async function makeCall(
  event: Launch,
  asked: Asked,
  cloud: CloudClient,
): Promise<Answer | CloudError | { readonly problem: string }> {
  const { run, input, progress } = event;
  const login = readPassword(input.document, cloud.access);
  if (!login.ok) return login;
  const params = await readParams(event, asked, cloud);
  // Without the password: tokens are logged, and a token made from a secret helps to guess it.
  const token = clientToken(run, input.document.via, progress.callIndex, params);
  const { call } = LAUNCH_APIS[input.document.via];
  return call(cloud, { ...params, Password: login.value }, token).catch((error: unknown) =>
    placedIn(input, permanent(error)),
  );
}

/** Writes the page of an answered call and goes on. */
async function keep(
  event: Launch,
  { offering, amount }: Asked,
  { ids, price, images }: Answer & { readonly images: string[] },
  ports: Ports,
): Promise<Outcome> {
  const { run, progress } = event;
  const { callIndex, left } = progress;
  const page = launchPage(callIndex);
  await writePage(ports.cloud, run, page, ids);
  const isPartial = ids.length < amount;
  if (isPartial) await noteNoCapacity(offering, ports);
  const launched = {
    ...progress,
    pages: [...progress.pages, page],
    left: left - ids.length,
    offering: progress.offering + Number(isPartial),
    callIndex: callIndex + 1,
    launched: progress.launched + ids.length,
    price: progress.price + price,
    images,
  };
  return goOn(event, launched, `${ids.length} of ${amount} as ${offering.name}`);
}

/** Ends the launch, unless a list may only show what is gone by now. */
function withoutRoom(
  event: Launch,
  { kind, why }: Extract<Room, { readonly why: string }>,
  { clock }: Ports,
): Outcome {
  if (kind === "refused") return toRelease(event, why);
  return clock.now() - event.phaseStartedAt < ABSENT_MS
    ? poll(event, clock, PACE.step, why)
    : endShort(event, why);
}

/** Between the launch and the first check. */
const BOOT_MS = seconds(20);

/** The next call, or the phase after the last one: CreateInstance leaves its instances stopped. */
function goOn({ input }: Launch, progress: Progress, note?: string): Outcome {
  if (progress.left > 0) return next(Launch, { progress }, { note });
  const options = { ...(progress.pages.length > 0 && { afterMs: BOOT_MS }), note };
  return input.document.via === "CreateInstance"
    ? next(Start, { progress, page: 0 }, options)
    : next(Verify, { progress, page: 0 }, options);
}

const endShort = (event: Launch, note: string): Outcome =>
  goOn(event, withNotes({ ...event.progress, left: 0 }, note), note);

/** Another offering may work, with a new token. A permanent refusal ends the launch, and earlier instances are kept. */
async function refused(event: Launch, offering: Offering, error: CloudError, ports: Ports): Promise<Outcome> {
  const { progress } = event;
  if (error.kind === "change") {
    if (isCapacity(error)) await noteNoCapacity(offering, ports);
    const note = `${offering.name}: ${error.short}`;
    const moved = { ...progress, offering: progress.offering + 1, callIndex: progress.callIndex + 1 };
    return goOn(event, withNotes(moved, note), note);
  }
  return progress.pages.length === 0 ? toRelease(event, error.message) : endShort(event, error.message);
}

/** The same parameters whenever this event is delivered. */
async function readParams(event: Launch, { offering, ...asked }: Asked, cloud: CloudClient) {
  const { run, input, phaseStartedAt: at } = event;
  const { UserData } = input.document.launch;
  const copy = input.userData === undefined ? undefined : await getObject(cloud, input.userData);
  const userData = inlineUserData(UserData ?? {}) ?? copy?.bytes;
  const call = {
    run,
    ...asked,
    at,
    userData: userData === undefined ? undefined : Buffer.from(userData),
  };
  return launchParams(input, offering, call, cloud);
}

export const launch = phase(Launch, {
  limitMs: minutes(30),
  creates: true,
  run: launchNext,
  compensate: toRelease,
  skip: (event) => (event.progress.left <= 0 ? goOn(event, event.progress) : undefined),
});
