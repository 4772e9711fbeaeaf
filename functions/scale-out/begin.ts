/** `plan`: reads and checks all a request needs, before anything is promised to it. */
import { familyImage } from "../../shared/cloud/images.ts";
import { dryCreateInstance, dryRunInstances } from "../../shared/cloud/instances.ts";
import { getObject, putObject } from "../../shared/cloud/oss.ts";
import { loadFleet } from "../../shared/document-store.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import { userDataProblem } from "../../shared/documents/names.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, failed, next } from "../../shared/machine.ts";
import { readPassword } from "./config.ts";
import { grant } from "../../shared/limits/grant.ts";
import { launchOf } from "../../shared/limits/launch.ts";
import { readLedger } from "../../shared/limits/ledger.ts";
import { readMembers } from "./members.ts";
import { launchParams, rungsOf, type Rung } from "./plan.ts";
import { priceOf } from "../../shared/limits/price.ts";
import { orderOf } from "./scarcity.ts";
import { ladderOf, nothingYet, pricedOf, userDataKey, type At, type ScaleOutcome } from "./progress.ts";

/** The first step: everything a person can get wrong is said here, and nothing was done. */
export async function plan(event: At<"plan">, ports: Ports): Promise<ScaleOutcome> {
  const { cloud } = ports;
  const { fleet, count, dryRun } = event.job;
  const found = await loadFleet(cloud, fleet);
  if ("problem" in found) return failed(found.problem);
  const { perRequest } = found.document.limits;
  if (count > perRequest) {
    return failed(
      `${count} instances asked for, limits.perRequest of fleet ${fleet} is ${perRequest}; ask for fewer or raise it`,
    );
  }
  const login = readPassword(found.document, cloud.access);
  if ("problem" in login) return failed(`fleet ${fleet}: ${login.problem}`);
  const image = await familyImage(cloud, found.document.family);
  const launch = await launchOf(found.document, image, cloud);
  if ("problem" in launch) return failed(launch.problem);
  if (image === undefined) {
    return failed(
      `family ${found.document.family} serves no image in ${cloud.access.region}; promote one first`,
    );
  }
  const { document, priced } = launch;
  const userData = await readUserData(document, cloud);
  if (typeof userData === "string") return failed(`fleet ${fleet}: ${userData}`);
  const order = await orderOf(rungsOf(document), ports);
  const job = {
    ...event.job,
    document,
    ...(priced && { priced }),
    imageId: image.id,
    ...(order && { order: [...order] }),
  };
  if (dryRun) return rehearse({ ...event, job }, document, image.id, userData, ports);
  if (userData && document.launch.UserData?.object !== undefined) {
    await putObject(cloud, userDataKey(event.run), userData, { ifAbsent: true });
  }
  const note = `family ${document.family} serves ${image.id}`;
  return next({ phase: "reserve", job, ...nothingYet(image.id), want: count }, 0, note);
}

async function readUserData({ launch }: Fleet, cloud: Ports["cloud"]): Promise<Buffer | undefined | string> {
  const { text, object } = launch.UserData ?? {};
  if (text !== undefined) return Buffer.from(text);
  if (object === undefined) return undefined;
  const stored = await getObject(cloud, object);
  if (stored === undefined) return `launch.UserData: the bucket has no object ${object}`;
  const problem = userDataProblem(stored.text);
  return problem === undefined ? stored.bytes : `launch.UserData: ${object} ${problem}`;
}

/** The most one launch call takes. */
const BATCH_MAX = 100;

/** What would happen: what the limits would grant, and what the cloud says to the ladder. Changes nothing. */
async function rehearse(
  event: At<"plan">,
  document: Fleet,
  imageId: string,
  userData: Buffer | undefined,
  ports: Ports,
): Promise<ScaleOutcome> {
  const { cloud, clock } = ports;
  const { fleet, count } = event.job;
  const ledger = await readLedger(cloud, fleet);
  const priced = pricedOf(event);
  const members = await readMembers(priced, imageId, ports);
  const price = await priceOf(priced, imageId, cloud);
  const { HostNames: all } = document.launch;
  const ask = {
    run: event.run,
    round: 0,
    count,
    ...(price !== undefined && { price }),
    ...(all && { names: all }),
  };
  const { wakes, launches, short, names } = grant(ledger, ask, members, document.limits, clock.now());
  const launch = launches[0] ?? 0;
  const request = {
    run: event.run,
    imageId,
    launched: 0,
    at: clock.now(),
    ...(userData && { userData }),
    ...(names && { hostNames: names }),
  };
  const checks: string[] = [];
  for (const rung of launch > 0 ? ladderOf(event) : []) {
    const amount = Math.min(launch, BATCH_MAX);
    const verdict = await check(
      document,
      rung,
      launchParams(document, rung.params, { ...request, amount }),
      cloud,
    );
    checks.push(`${rung.name}: ${verdict ?? "the cloud would launch it"}`);
    if (verdict === undefined) break;
  }
  return done({ dryRun: true, fleet, asked: count, imageId, wake: wakes, launch, short, ladder: checks });
}

/** The cloud's refusal, or undefined when it would do it. */
async function check({ via }: Fleet, _rung: Rung, params: object, cloud: Ports["cloud"]) {
  const call = via === "CreateInstance" ? dryCreateInstance : dryRunInstances;
  const checked = await call(cloud, { ...params });
  return checked.ok ? undefined : checked.error.message;
}
