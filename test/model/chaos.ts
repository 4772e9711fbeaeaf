/**
 * One life of Kiln under random trouble, from one seed: calls that die after their effect, answers that get
 * lost, refusals that pass, events delivered twice, early and late. The seed decides everything, so a life
 * that breaks a promise can be lived again.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hours, minutes } from "../../shared/duration.ts";
import { hasEnded, type RunRecord } from "../support/records.ts";
import { BUSY, CloudFault, type Fault, type Product } from "../cloud/index.ts";
import { type Deployment, deployKiln } from "../support/deployment.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");
const example = (path: string): string => readFileSync(join(EXAMPLES, path), "utf8");

/** Share of the calls of each kind that is struck. */
const STRUCK = 0.04;

/** Calls that are struck, reads and changes alike. */
const TARGETS: readonly (readonly [Product, string])[] = [
  [
    "ecs",
    "RunInstances DescribeInstances DescribeImages StopInstance StopInstances CreateImage DeleteInstance",
  ],
  ["ecs", "RunCommand DescribeInvocationResults ModifyImageAttribute TagResources DescribeImageFromFamily"],
  ["ecs", "DescribeCloudAssistantStatus RebootInstance ListTagResources"],
  ["cms", "DescribeMetricList"],
  ["oss", "GetObject PutObject AppendObject ListObjects DeleteObject"],
  ["fc", "InvokeFunction"],
];

const PASSING: Readonly<Record<Product, () => CloudFault>> = {
  ecs: () =>
    new CloudFault(
      503,
      "ServiceUnavailable",
      "The request has failed due to a temporary failure of the server.",
    ),
  cms: () => new CloudFault(403, "Throttling.User", "Request was denied due to user flow control."),
  oss: () => new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate."),
  fc: () => new CloudFault(500, "InternalServerError", "an internal error has occurred"),
};

/** A small generator of our own (mulberry32): the same on every machine, with one user. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Promises that did not hold in the life of `seed`, in words; none when all held. */
export async function live(seed: number): Promise<readonly string[]> {
  const random = generator(seed);
  const kiln = await deployKiln({
    seed,
    fc: { mayBeEarly: true, idleMs: hours(2), timers: ["idle-check", "cleanup", "resend"] },
  });
  try {
    await kiln.upload("fleets/web.yaml", example("fleets/web.yaml"));
    const heal = unleash(kiln, random);
    await insist(() => kiln.upload("recipes/web.yaml", example("recipes/web.yaml")));
    await kiln.cloud.settle({ forMs: hours(2) });
    const { body, status } = await asked(kiln);
    await kiln.cloud.settle({ forMs: hours(1) });
    makeIdle(kiln);
    await kiln.cloud.settle({ forMs: hours(6) });
    heal();
    // Time for the platform's retries, the failure destination and the janitor.
    await kiln.cloud.settle({ forMs: hours(8) });
    return [
      ...nothingLeft(kiln),
      ...everyRunEnded(kiln),
      ...familyIsProved(kiln),
      ...fleetIsBounded(kiln, status, body),
    ];
  } finally {
    await kiln.close();
  }
}

function unleash({ cloud }: Deployment, random: () => number): () => void {
  const stops = TARGETS.flatMap(([product, actions]) =>
    actions.split(" ").map((action) => {
      // Drawn when the call comes: what it will be is part of the seed, not of how often the test asked.
      let kind: Fault["kind"] = "before";
      const when = (): boolean => {
        const struck = random() < STRUCK;
        kind = (["before", "after", "crash"] as const)[Math.floor(random() * 3)] ?? "before";
        return struck;
      };
      const fault: Fault = {
        product,
        action,
        when,
        get kind() {
          return kind;
        },
        fault: PASSING[product](),
      };
      return cloud.faults.add(fault);
    }),
  );
  stops.push(cloud.fc.duplicate(() => random() < 0.15));
  return () => {
    for (const stop of stops) stop();
  };
}

/** A person whose upload breaks tries again. */
async function insist(act: () => Promise<void>): Promise<void> {
  const broke = await act().then(
    () => false,
    () => true,
  );
  if (broke) await insist(act);
}

/** A caller repeats itself until it is heard; the same delivery must not count twice, another one may. */
async function asked(
  kiln: Deployment,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  for (;;) {
    const answer = kiln.call("POST", "/fleets/web/scale-out", { count: 3 }).catch(() => undefined);
    await kiln.cloud.settle({ forMs: minutes(1) });
    const given = await answer;
    if (given?.status === 202) return given;
  }
}

function makeIdle({ cloud }: Deployment): void {
  for (const id of cloud.world.instances.keys()) {
    cloud.world.load(id, () => ({ ...BUSY, cpuAverage: 1, cpuMaximum: 2, internetIn: 0, internetOut: 0 }));
  }
}

const tagOf = ({ cloud }: Deployment, type: string, id: string, key: string): string | undefined =>
  cloud.world.tags.of(type, id).find((tag) => tag.key === key)?.value;

const ownImages = ({ cloud }: Deployment) =>
  [...cloud.world.images.values()].filter(({ ownerAlias }) => ownerAlias === "self");

function nothingLeft(kiln: Deployment): string[] {
  const { instances, snapshots } = kiln.cloud.world;
  const rented = [...instances.keys()].filter((id) =>
    ["builder", "tester"].includes(tagOf(kiln, "instance", id, "kiln:role") ?? ""),
  );
  const used = new Set(ownImages(kiln).flatMap(({ disks }) => disks.map(({ snapshotId }) => snapshotId)));
  const orphans = [...snapshots.keys()].filter((id) => !used.has(id));
  return [
    ...rented.map((id) => `${id} (${tagOf(kiln, "instance", id, "kiln:role")}) is left`),
    ...orphans.map((id) => `snapshot ${id} is left`),
  ];
}

const everyRunEnded = (kiln: Deployment): string[] =>
  kiln
    .records()
    .filter((record) => !hasEnded(record))
    .map(({ run, state, phase }) => `${run} is ${state} in ${phase}`);

function familyIsProved(kiln: Deployment): string[] {
  const members = ownImages(kiln).filter(({ family }) => family === "web");
  const untested = members.filter(({ imageId }) => tagOf(kiln, "image", imageId, "kiln:gate") !== "passed");
  const [last] = kiln
    .records("promote")
    .filter(({ state }) => state === "done")
    .toReversed();
  const served = members.toSorted((a, b) => b.createdAt - a.createdAt)[0]?.imageId;
  return [
    ...untested.map(({ imageId }) => `${imageId} is in its family without having passed`),
    ...(last && served !== last.result?.["imageId"]
      ? [`web serves ${served}, promoted was ${String(last.result?.["imageId"])}`]
      : []),
  ];
}

function fleetIsBounded(kiln: Deployment, status: number, body: Readonly<Record<string, unknown>>): string[] {
  const { byRun, asleep } = countMembers(kiln);
  const over = [...byRun]
    .filter(([, count]) => count > 3)
    .map(([run, count]) => `${run} has ${count} machines, asked were 3`);
  const total = [...byRun.values()].reduce((sum, count) => sum + count, 0);
  const record = kiln.record(String(body["run"]));
  const tooFew = record === undefined ? [] : isShort(kiln, record, byRun.get(record.run) ?? 0);
  return [
    ...over,
    ...(asleep > 10 ? [`${asleep} machines of the fleet sleep, its limit is 10`] : []),
    ...(total - asleep > 10 ? [`${total - asleep} machines of the fleet run, its limit is 10`] : []),
    ...(status === 202 && record === undefined
      ? [`202 was answered for ${String(body["run"])}, which has no record`]
      : []),
    ...tooFew,
  ];
}

/** A run that is done has the three machines it asked for, or says that it has fewer. */
function isShort(kiln: Deployment, { run, state, result }: RunRecord, count: number): string[] {
  const hasFamily = kiln.records("promote").some((record) => record.state === "done");
  if (!hasFamily || state !== "done" || result?.["short"] !== undefined || count === 3) return [];
  return [`${run} says it is done and has ${count} of 3`];
}

/** Members of the fleet by the run that launched them, and how many of them are stopped. */
function countMembers(kiln: Deployment): { byRun: Map<string, number>; asleep: number } {
  const byRun = new Map<string, number>();
  let asleep = 0;
  for (const [id, { status }] of kiln.cloud.world.instances) {
    if (tagOf(kiln, "instance", id, "kiln:role") !== "member") continue;
    if (status === "Stopped") asleep += 1;
    const run = tagOf(kiln, "instance", id, "kiln:run") ?? "";
    byRun.set(run, (byRun.get(run) ?? 0) + 1);
  }
  return { byRun, asleep };
}
