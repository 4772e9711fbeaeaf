/** `plan`: reads and checks everything a request needs, so that a mistake is reported before anything is changed. */
import { roomProblem } from "../../../shared/budget.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { getSmallObject, putObject } from "../../../shared/cloud/oss/objects.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { inlineUserData } from "../../../shared/documents/launch.ts";
import { MAX_USER_DATA_BYTES, userDataProblem } from "../../../shared/documents/names.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { digest, outputKey } from "../../../shared/keys.ts";
import { prepareLaunch } from "../../../shared/limits/launch.ts";
import type { PricedDisks } from "../../../shared/limits/price.ts";
import { servedImage, type Launcher } from "../../../shared/size/served.ts";
import { orderByCapacity } from "../../../shared/offerings.ts";
import { holdsSecret } from "../../../shared/redact.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { dryRun } from "./dry-run.ts";
import { expiryProblem } from "../../../shared/expiry.ts";
import { initialProgress, progressBytes, Reserve, withNotes, type Input, type Progress } from "./events.ts";
import { fleetOfferings } from "./launch-params.ts";
import { LAUNCH_APIS } from "./launch.ts";
import { minimumProblem } from "./minimum.ts";
import { readPassword } from "./password.ts";
import { Plan } from "./start.ts";

async function planRun({ run, input }: Plan, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const loaded = await loadFleet(cloud, input.fleet);
  if ("problem" in loaded) return failed(loaded.problem);
  const want = wantedBy(input, loaded.document);
  const refusal = refusalOf(loaded.document, input, want, ports.clock.now());
  if (refusal !== undefined) return refusal;
  const prepared = await prepare(loaded.document, { cloud, isTrying: input.ofRefresh });
  if (!prepared.ok) return failed(prepared.problem);
  const { document, imageId, isPinned, disks, userData } = prepared.value;
  const unheld = minimumProblem(input, document.launch.InstanceChargeType === "PrePaid");
  if (unheld !== undefined) return failed(`fleet ${document.name}: ${unheld}`);
  const offerings = fleetOfferings(document);
  const order = [...((await orderByCapacity(offerings, ports)) ?? offerings.keys())];
  // Channels are read when the run ends, so they do not travel.
  const planned = { ...input, document: { ...document, notify: [] }, imageId, isPinned, disks, order };
  const tooLarge = roomProblem({ "the fleet has": planned }, progressBytes(pagesOf(planned, want)));
  if (tooLarge !== undefined)
    return failed(
      `fleet ${document.name} with a request for ${input.count} instances ${tooLarge}; ask for fewer at a time, or shorten the fleet`,
    );
  if (input.dryRun) return dryRun(run, planned, userData, ports);
  if (userData && document.launch.UserData?.object !== undefined) {
    const key = outputKey(run, `user-data-${digest(userData)}`);
    await putObject(cloud, key, userData);
    Object.assign(planned, { userData: key });
  }
  const note = `family ${document.family} serves ${imageId}`;
  return next(Reserve, { progress: progressOf(planned, want), want }, { input: planned, note });
}

const wantedBy = ({ count, cut, within = count }: Plan["input"], { limits }: Fleet): number =>
  cut ? Math.min(within, limits.perRequest) : within;

/** Alerts and jobs that ask for more than a request may are cut, and the result says so. */
function progressOf({ count, imageId, document: { limits } }: Input, want: number): Progress {
  const progress = initialProgress(imageId);
  if (want === count) return progress;
  const note = `limit perRequest ${limits.perRequest}: ${count - want} of ${count} are beyond it`;
  return withNotes({ ...progress, limited: true }, note);
}

function refusalOf(
  fleet: Fleet,
  { count, alerts = 1 }: Pick<Input, "count" | "alerts">,
  want: number,
  now: number,
): Outcome | undefined {
  const expired = expiryProblem(fleet, now);
  if (expired !== undefined) return failed(`fleet ${fleet.name}: ${expired}`);
  const { name, limits } = fleet;
  if (want <= limits.perRequest * alerts) return undefined;
  const sentence = `${want} instances asked for, limits.perRequest of fleet ${name} is ${limits.perRequest}; ask for fewer or raise it`;
  return { ...failed(sentence), result: { asked: count, count: 0, limited: true } };
}

/** The most pages of a run: one for each launch call that returned instances, and for each hundred wakes. */
function pagesOf({ document, order }: Input, count: number): number {
  const calls = Math.ceil(count / LAUNCH_APIS[document.via].amountMax);
  // An offering that runs out gives a page with less than one call takes.
  return calls + Math.min(order.length, count) + Math.ceil(count / 100);
}

interface Prepared {
  readonly document: Fleet;
  readonly imageId: string;
  readonly isPinned?: true;
  readonly disks: PricedDisks;
  readonly userData: Buffer | undefined;
}

/** Everything a launch of the fleet refers to, or the first reference that cannot be used. */
async function prepare(fleet: Fleet, { cloud, isTrying }: Launcher): Promise<Result<Prepared>> {
  const refuse = (sentence: string) => problem(`fleet ${fleet.name}: ${sentence}`);
  const login = readPassword(fleet, cloud.access);
  if (!login.ok) return refuse(login.problem);
  if (holdsSecret(fleet))
    return refuse(
      "the document holds a secret of this function, such as the value of the variable in passwordFromEnv; remove it, documents hold no secrets",
    );
  const { image, ...pinned } = await servedImage(fleet, { cloud, isTrying });
  const launch = await prepareLaunch(fleet, image, cloud);
  if (!launch.ok) return launch;
  if (image === undefined)
    return problem(`family ${fleet.family} serves no image in ${cloud.access.region}; promote one first`);
  const userData = await readUserData(fleet, cloud);
  if (!userData.ok) return refuse(userData.problem);
  return ok({ ...launch.value, ...pinned, imageId: image.id, userData: userData.value });
}

async function readUserData({ launch }: Fleet, cloud: CloudClient): Promise<Result<Buffer | undefined>> {
  const { object, ...inline } = launch.UserData ?? {};
  const given = inlineUserData(inline);
  if (given !== undefined) return ok(given);
  if (object === undefined) return ok(undefined);
  const read = await getSmallObject(cloud, object, MAX_USER_DATA_BYTES);
  if (!read.ok) return problem(`launch.UserData: ${read.problem}; let it fetch the rest`);
  if (read.value === undefined) return problem(`launch.UserData: the bucket has no object ${object}`);
  const { bytes } = read.value;
  const invalid = userDataProblem(bytes);
  return invalid === undefined ? ok(bytes) : problem(`launch.UserData: ${object} ${invalid}`);
}

export const plan = phase(Plan, {
  limitMs: minutes(30),
  run: planRun,
  // Nothing is reserved yet, and a duplicate of this event that is later cannot reserve either (WORKFLOW-5).
  compensate: ({ input }, reason) => failed(`none of ${input.count} instances: ${reason}`),
});
