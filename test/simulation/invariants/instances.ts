/**
 * The invariants of DESIGN.md as a simulation can see them: at every change of the cloud, every few minutes, and over
 * the whole history.
 */
import { hours, minutes } from "../../shared/duration.ts";
import { BUCKET, WEBHOOK_SECRET } from "../support/deployment.ts";
import { hasEnded, logIn } from "../support/records.ts";
import { HOME, machines, ownImages, tagOf, tagsOf } from "../support/world.ts";
import { APPROVAL_SECRET, CHANNEL_SECRET, membersOf, type Simulation } from "./simulation.ts";

/** Invariants of one call, looked at before it has its effect or right after. */
type Look = (simulation: Simulation, params: Readonly<Record<string, string>>) => void;

/** Values of a repeated parameter: `InstanceId`, `InstanceId.1`, … */
const listOf = (params: Readonly<Record<string, string>>, name: string): string[] =>
  Object.entries(params)
    .filter(([key]) => key === name || key.startsWith(`${name}.`))
    .map(([, value]) => value);

const AWAKE: ReadonlySet<string> = new Set(["Pending", "Starting", "Running"]);

/** `limits.max` of the fleets of scripts.ts and progress.ts. */
const LIMITS: Readonly<Record<string, number>> = { web: 6, single: 3, kept: 2, night: 2, proof: 3 };

/** K6: a request never owns more than it asked for. */
const requestsHold: Look = ({ kiln, accepted, problems }) => {
  const byRun = new Map<string, number>();
  for (const { instanceId } of machines(kiln)) {
    const { "kiln:fleet": fleet, "kiln:run": run = "" } = tagsOf(kiln, instanceId);
    if (fleet !== undefined) byRun.set(run, (byRun.get(run) ?? 0) + 1);
  }
  for (const { run, count: asked } of accepted) {
    const owned = byRun.get(run) ?? 0;
    if (asked !== undefined && owned > asked)
      problems.add(`K6: ${run} owns ${owned} instances, asked were ${asked}`);
  }
};

/** K6: a fleet never runs more than its limit. A user may start more than Kiln would. */
const limitsHold: Look = ({ kiln, touched, problems }) => {
  for (const [fleet, limit] of Object.entries(LIMITS)) {
    const running = membersOf(kiln, fleet).filter(
      ({ instanceId, status }) => AWAKE.has(status) && !touched.has(instanceId),
    );
    if (running.length > limit)
      problems.add(`K6: fleet ${fleet} runs ${running.length} instances, its limit is ${limit}`);
  }
};

/** K2: a run never has two builders or two test instances at once. */
const noneTwice: Look = ({ kiln, problems }) => {
  const seen = new Set<string>();
  for (const { instanceId } of machines(kiln)) {
    const { "kiln:role": role = "", "kiln:run": run = "" } = tagsOf(kiln, instanceId);
    if (role !== "builder" && role !== "tester") continue;
    const key = `${run} has two instances in the role ${role}`;
    if (seen.has(key)) problems.add(`K2: ${key}`);
    seen.add(key);
  }
};

/** K2: a bake makes one image, a promotion one copy in each region. */
const oneImage: Look = ({ kiln, problems }) => {
  const seen = new Set<string>();
  for (const { imageId, regionId, status } of ownImages(kiln)) {
    const key = `${tagOf(kiln, imageId, "kiln:run")} has two images in ${regionId}`;
    if (status === "CreateFailed") continue;
    if (seen.has(key)) problems.add(`K2: ${key}`);
    seen.add(key);
  }
};

/** K5: an image is in its family only after its test, unless its recipe has none. */
const tested: Look = ({ kiln, problems }) => {
  for (const { imageId, family } of ownImages(kiln)) {
    // A copy is as good as its original.
    const original = tagOf(kiln, imageId, "kiln:image") ?? imageId;
    const test = tagOf(kiln, original, "kiln:gate") ?? "no test";
    const skips = family === "quick" || family === "asked";
    if (family !== "" && test !== (skips ? "skipped" : "passed"))
      problems.add(`K5: ${imageId} is in family ${family} with ${test}`);
  }
};

/** The idle window and the grace of the fleets of scripts.ts. */
const WINDOW_MS = hours(2);
/** An hour that was busy for so long may have an average below the bound. */
const PARTIAL_MS = minutes(20);

/** K7: a member that Kiln stops was idle for the whole window, and nothing keeps it. */
const onlyIdle: Look = (simulation, params) => {
  const { kiln, idleSince, problems } = simulation;
  const now = kiln.cloud.time.now();
  const ids = [...listOf(params, "InstanceId"), ...listOf(params, "InstanceIds")];
  for (const id of ids) {
    const instance = kiln.cloud.world.instances.get(id);
    const tags = tagsOf(kiln, id);
    if (instance?.status !== "Running" || tags["kiln:role"] !== "member") continue;
    const since = idleSince.get(id);
    if (since === undefined || now - since < WINDOW_MS - PARTIAL_MS)
      problems.add(`K7: ${id} is busy and is stopped`);
    if (isKept(tags["kiln:keep"], now)) problems.add(`K7: ${id} has the tag kiln:keep and is stopped`);
  }
};

const isKept = (keep: string | undefined, now: number): boolean =>
  keep !== undefined && !(Date.parse(keep) <= now);

/** K11: no image that its family serves, and none that instances run from. */
const notServed: Look = ({ kiln, problems }, { ImageId: id = "", RegionId: region = HOME }) => {
  const image = kiln.cloud.world.image(region, id);
  if (image === undefined || image.family === "") return;
  if (kiln.cloud.world.served(region, image.family)?.imageId === id)
    problems.add(`K11: ${id} is served by ${image.family} in ${region} and is deleted`);
  if (machines(kiln).some(({ imageId }) => imageId === id))
    problems.add(`K11: instances run from ${id}, and it is deleted`);
};

/** K11, K13: an instance that Kiln releases is its own, and nothing protects it. */
const onlyOwn: Look = ({ kiln, touched, problems }, params) => {
  for (const id of listOf(params, "InstanceId")) {
    const instance = kiln.cloud.world.instances.get(id);
    // A second release of one that is gone has no effect.
    if (instance === undefined) continue;
    const tags = tagsOf(kiln, id);
    if (tags["kiln:deployment"] !== BUCKET || touched.get(id) === Number.POSITIVE_INFINITY)
      problems.add(`K13: ${id} is not of this deployment and is released`);
    if (instance.deletionProtection) problems.add(`K11: ${id} is protected and is released`);
  }
};

const LAUNCHES = ["RunInstances", "CreateInstance", "StartInstance", "StartInstances"];
const STOPS = ["StopInstance", "StopInstances"];

/** Watches the changes of a simulation as they happen. */
export function watch(simulation: Simulation): void {
  const { cloud } = simulation.kiln;
  const look = (when: "before" | "after", action: readonly string[], ...looks: readonly Look[]) =>
    cloud.faults.interleave({
      product: "ecs",
      action,
      [when]: (params: Readonly<Record<string, string>>) => {
        for (const each of looks) each(simulation, params);
      },
    });
  look("after", LAUNCHES, requestsHold, limitsHold, noneTwice);
  look("after", ["CreateImage", "ImportImage", "CopyImage"], oneImage);
  look("after", ["ModifyImageAttribute"], tested);
  look("before", STOPS, onlyIdle);
  look("before", ["DeleteImage"], notServed);
  look("before", ["DeleteInstance", "DeleteInstances"], onlyOwn);
  const again = (): void => {
    for (const each of [requestsHold, limitsHold, noneTwice, oneImage, tested, nothingOutlives])
      each(simulation, {});
    cloud.time.after(minutes(10), { label: "watch", background: true }, again);
  };
  again();
  const judge = (): void => {
    checkHistory(simulation);
    cloud.time.after(hours(4), { label: "judge", background: true }, judge);
  };
  cloud.time.after(hours(4), { label: "judge", background: true }, judge);
}

/** Longer than an instance of a run can live: its AutoReleaseTime, and a launch that took its time. */
const TEMPORARY_MS = hours(5);

/** K4: no builder and no test instance outlives its AutoReleaseTime. */
const nothingOutlives: Look = ({ kiln, problems }) => {
  const now = kiln.cloud.time.now();
  for (const { instanceId, createdAt } of machines(kiln)) {
    const { "kiln:role": role } = tagsOf(kiln, instanceId);
    if ((role === "builder" || role === "tester") && now - createdAt > TEMPORARY_MS)
      problems.add(`K4: ${instanceId} (${role}) is older than ${TEMPORARY_MS / hours(1)} hours`);
  }
};

/** Judges the history so far. */
export function checkHistory(simulation: Simulation): void {
  oneEndEach(simulation);
  oneChangeEach(simulation);
  everyRequestHasARun(simulation);
  nothingSecret(simulation);
}

const ENDS: ReadonlySet<string> = new Set(["done", "failed", "cancelled"]);

/** K3: a run ends once, and its lines are numbered without gaps. */
function oneEndEach({ kiln, problems }: Simulation): void {
  for (const { run } of kiln.records()) {
    const { lines } = logIn(run, (key) => kiln.cloud.oss.find(BUCKET, key)?.body);
    const kinds = lines.map(({ line }) => line.kind);
    const ends = kinds.filter((kind) => ENDS.has(kind));
    if (ends.length > 1) problems.add(`K3: ${run} ends ${ends.length} times`);
    if (lines.some(({ line }, n) => line.seq !== n))
      problems.add(`K3: the lines of ${run} are not numbered 0, 1, 2, …`);
    const end = kinds.findIndex((kind) => ENDS.has(kind));
    if (end !== -1 && kinds.slice(end + 1).some((kind) => kind !== "sent"))
      problems.add(`K3: ${run} goes on after its end: ${kinds.slice(end + 1).join(", ")}`);
  }
}

/** Calls that make or start something: each is a change of its own. */
const MAKING: ReadonlySet<string> = new Set([
  ...LAUNCHES,
  "CreateImage",
  "ImportImage",
  "CopyImage",
  "RebootInstance",
  "RunCommand",
]);

/** K1: an invocation makes at most one of them. */
function oneChangeEach({ kiln, problems }: Simulation): void {
  for (const { function: name, calls, at } of kiln.cloud.fc.invocations) {
    const made = calls.filter(({ action, status }) => status === 200 && MAKING.has(action));
    if (made.length > 1)
      problems.add(
        `K1: ${name} at ${new Date(at).toISOString()} made ${made.map(({ action }) => action).join(", ")}`,
      );
  }
}

/** K8: an accepted request has a run, with a reason if it is not done. */
function everyRequestHasARun({ kiln, accepted, problems }: Simulation): void {
  for (const { run } of accepted)
    if (kiln.record(run) === undefined) problems.add(`K8: ${run} was accepted and has no log`);
  for (const { run, reason, state } of kiln.records().filter(hasEnded))
    if (state !== "done" && !reason) problems.add(`K8: ${run} is ${state} without a reason`);
    // The documents of scripts.ts are valid.
    else if (/has \d+ problem/.test(reason ?? "")) problems.add(`${run} is ${state}: ${reason}`);
}

const PAYLOAD_MAX = 64 * 1024;
/** Keys of sessions are alike, so some of all times stand for them. */
const KEYS_LOOKED_FOR = 40;

/** K10: no secret leaves, and no payload is too large. */
function nothingSecret({ kiln: { cloud }, problems }: Simulation): void {
  const large = cloud.fc.events.filter(({ payload }) => payload.length > PAYLOAD_MAX);
  if (large.length > 0) problems.add(`K10: ${large.length} payloads are larger than 64 KB`);
  const all = cloud.keys.all();
  const every = Math.ceil(all.length / KEYS_LOOKED_FOR);
  const keys = all.filter((_, n) => n % every === 0);
  const secrets = [
    WEBHOOK_SECRET,
    CHANNEL_SECRET,
    APPROVAL_SECRET,
    cloud.accessKey.secret,
    ...keys.flatMap(({ secret, token = secret }) => [secret, token]),
  ];
  const shown = [
    ...cloud.fc.events.map(({ payload }) => payload.toString()),
    ...cloud.fc.invocations.flatMap(({ logs, result }) => [...logs, result]),
    ...cloud.oss.list(BUCKET, "").map(({ body }) => body.toString("latin1")),
  ].join("\n");
  for (const secret of secrets)
    if (shown.includes(secret))
      problems.add(`K10: ${secret.slice(0, 6)}… is in an event, a log or an object`);
}
