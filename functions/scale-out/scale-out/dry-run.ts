/** A dry run: the reservation the limits would allow, and the cloud's answer to each offering. Changes nothing. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { answerOf } from "../../../shared/cloud/ecs/dry-run.ts";
import { dryCreateInstance, dryRunInstances } from "../../../shared/cloud/ecs/instances.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { nextOf } from "../../../shared/limits/stored-reservation.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { done, type Outcome } from "../../../shared/workflow/workflow.ts";
import type { Input } from "./events.ts";
import { FLEET_FIELDS, launchParams, orderedOfferings, type LaunchCall } from "./launch-params.ts";
import { tooFew } from "./minimum.ts";
import { LAUNCH_APIS } from "./launch.ts";
import { decider } from "./reserve.ts";

export async function dryRun(
  run: string,
  input: Input,
  userData: Uint8Array | undefined,
  ports: Ports,
): Promise<Outcome> {
  const { fleet, count, imageId } = input;
  const decideOn = await decider({ run, round: 0, count, limits: input.document.limits }, input, ports);
  const { reservation } = await decideOn(await readReservations(ports.cloud, fleet));
  const { wakes, launches, short } = reservation;
  const launch = launches[0] ?? 0;
  const few = tooFew(wakes.length + launch, input);
  const amount = Math.min(launch, LAUNCH_APIS[input.document.via].amountMax);
  const { place, hostNames } = nextOf(reservation, launch);
  const call = { run, amount, place, at: ports.clock.now(), hostNames, userData };
  const ladder = launch > 0 ? await checkOfferings(input, call, ports.cloud) : [];
  return done({
    dryRun: true,
    fleet,
    asked: count,
    imageId,
    wake: wakes,
    launch,
    short,
    ladder,
    ...(few !== undefined && { why: few }),
  });
}

/** The cloud's answers up to the first offering it would launch. */
async function checkOfferings(input: Input, call: LaunchCall, cloud: CloudClient): Promise<string[]> {
  const check = input.document.via === "CreateInstance" ? dryCreateInstance : dryRunInstances;
  const answers: string[] = [];
  for (const offering of orderedOfferings(input)) {
    const checked = await check(cloud, launchParams(input, offering, call, cloud));
    if (checked.verdict === "no") checked.error.in(FLEET_FIELDS);
    answers.push(`${offering.name}: ${answerOf(checked)}`);
    if (checked.verdict !== "no") break;
  }
  return answers;
}
