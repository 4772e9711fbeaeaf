/** What users, callers and operators of a simulation do: one script for each workflow. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { days, hours, minutes } from "../../shared/duration.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY } from "../support/idle.ts";
import { recipeText } from "../support/recipes.ts";
import { hasEnded, type RunRecord } from "../support/records.ts";
import { HOME, launchTagged, ownImages, served, tagsOf } from "../support/world.ts";
import { letIdle, LINKS, membersOf, type Accepted, type Simulation } from "./simulation.ts";
import type { Wait } from "./user.ts";
import { diskFile } from "../support/disk-file.ts";

/** A user. `run` returns whether its workflow went through to its end; under faults it may be refused on the way. */
export interface Script {
  readonly name: string;
  readonly run: (simulation: Simulation, wait: Wait) => Promise<boolean>;
}

const EXAMPLES = join(import.meta.dirname, "../../examples");

/** How often a user tries again. */
const TRIES_MAX = 40;
const PAUSE_MAX_MS = minutes(16);

/** Does something again until it succeeds, with longer and longer pauses. */
async function insist<T>(
  { calls }: Simulation,
  wait: Wait,
  act: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let n = 0; n < TRIES_MAX; n++) {
    calls.open++;
    const done = await act()
      .catch(() => undefined)
      .finally(() => calls.open--);
    if (done !== undefined) return done;
    await wait(Math.min(minutes(2 ** n), PAUSE_MAX_MS));
  }
  return undefined;
}

export const upload = (simulation: Simulation, wait: Wait, key: string, body: string | Buffer) =>
  insist(simulation, wait, async () => {
    await simulation.kiln.upload(key, body);
    return true;
  });

/** Posts a request until it is accepted. Undefined when it is rejected, or every try has failed. */
export async function ask(
  simulation: Simulation,
  wait: Wait,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<Accepted | undefined> {
  const key = `request-${simulation.calls.made++}`;
  const answer = await insist(simulation, wait, () => post(simulation, path, { key, ...body }));
  if (answer?.status !== 202) return undefined;
  const { count } = body;
  const accepted = {
    run: String(answer.body["run"]),
    ...(typeof count === "number" && { count, fleet: path.split("/")[2] ?? "" }),
  };
  simulation.accepted.push(accepted);
  return accepted;
}

/** One POST; undefined for an answer after which callers try again. */
async function post({ kiln }: Simulation, path: string, body: object) {
  const answer = await kiln.call("POST", path, body);
  return answer.status >= 500 || answer.status === 429 ? undefined : answer;
}

/** Waits for something, at most so long. */
export async function waitFor<T>(
  wait: Wait,
  forMs: number,
  find: () => T | undefined,
): Promise<T | undefined> {
  for (let waitedMs = 0; waitedMs < forMs; waitedMs += minutes(2)) {
    const found = find();
    if (found !== undefined) return found;
    await wait(minutes(2));
  }
  return find();
}

/** The record of a run once it has ended. */
export const endOf = ({ kiln }: Simulation, wait: Wait, { run }: Pick<Accepted, "run">) =>
  waitFor(wait, hours(60), () => {
    const record = kiln.record(run);
    return record !== undefined && hasEnded(record) ? record : undefined;
  });

/** Asks for a run and waits for its end; whether it is done. */
async function get(simulation: Simulation, wait: Wait, path: string, body: object = {}): Promise<boolean> {
  const accepted = await ask(simulation, wait, path, { ...body });
  return accepted !== undefined && (await endOf(simulation, wait, accepted))?.state === "done";
}

/** Runs of a kind and name, oldest first. */
const runsOf = ({ kiln }: Simulation, begins: string): readonly RunRecord[] => kiln.records(begins);

/**
 * Uploads a recipe and waits until its image is promoted; after a failed bake it asks again, as an operator does.
 * Whether one more image was promoted.
 */
async function promoted(simulation: Simulation, wait: Wait, name: string, text: string): Promise<boolean> {
  const done = (): number =>
    runsOf(simulation, `promote-${name}-`).filter(({ state }) => state === "done").length;
  const before = done();
  await upload(simulation, wait, `recipes/${name}.yaml`, text);
  for (let n = 0; n < 4; n++) {
    await wait(minutes(5));
    await waitFor(wait, hours(40), () => {
      const runs = [...runsOf(simulation, `bake-${name}-`), ...runsOf(simulation, `promote-${name}-`)];
      return runs.every(hasEnded) ? true : undefined;
    });
    if (done() > before) return true;
    if (!text.includes('"upload"')) await ask(simulation, wait, `/recipes/${name}/bake`, { force: true });
  }
  return false;
}

const NOTIFY = { notify: [{ channel: "ops" }] };
const QUIET = { rebake: { nightly: false } };

/** Without a builder, the image test names its own instance type, vSwitch and security group. */
const TEST = {
  commands: ["true"],
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
  // Instances that an operator set up are not generalized.
  hygiene: { waive: ["machine-id", "ssh-host-keys", "cloud-init"] },
};

/** K9: a request with another signature begins nothing. */
async function sendForged({ kiln, problems }: Simulation): Promise<true> {
  const headers = { "x-kiln-signature": `v1=${"0".repeat(64)}` };
  const body = { count: 1, key: "forged" };
  const { status } = await kiln.call("POST", "/fleets/web/scale-out", body, headers);
  if (status < 400) problems.add(`K9: a forged request is answered with ${status}`);
  return true;
}

/** The main job: an image of the example is baked, tested, promoted to two regions, launched, stopped and started again. */
const main: Script = {
  name: "bake, scale out, stop, wake",
  async run(simulation, wait) {
    const text = readFileSync(join(EXAMPLES, "recipes/web.yaml"), "utf8");
    const spot = simulation.scenario === "spot reclaim";
    const launch = spot ? { SpotStrategy: "SpotAsPriceGo", SpotDuration: 0 } : {};
    const fleet = fleetText({ launch, limits: { max: 6 }, wake: true, idle: POLICY });
    await upload(simulation, wait, "fleets/web.yaml", fleet);
    const recipe = `${text}\nnotify: [{ channel: ops }]\npromote: { regions: [cn-shanghai] }\n`;
    if (!(await promoted(simulation, wait, "web", recipe))) return false;
    const count = simulation.scenario === "concurrent requests" ? 20 : 1;
    await insist(simulation, wait, () => sendForged(simulation));
    const first = await ask(simulation, wait, "/fleets/web/scale-out", { count: 3 });
    const many = await burst(simulation, wait, count);
    if (first === undefined) return false;
    for (const accepted of [first, ...many]) await endOf(simulation, wait, accepted);
    const [, ...idle] = membersOf(simulation.kiln, "web").map(({ instanceId }) => instanceId);
    letIdle(simulation, idle);
    await waitFor(wait, hours(6), () => areStopped(simulation, idle));
    return get(simulation, wait, "/fleets/web/scale-out", { count: 1 });
  },
};

/** True once none of the instances runs. */
export const areStopped = ({ kiln }: Simulation, ids: readonly string[]): true | undefined =>
  ids.every((id) => kiln.cloud.world.instances.get(id)?.status !== "Running") || undefined;

/** So many requests for one instance each, all at once, and those that were accepted. */
async function burst(simulation: Simulation, wait: Wait, count: number): Promise<Accepted[]> {
  const one = (_: unknown, n: number) =>
    post(simulation, "/fleets/web/scale-out", { count: 1, key: `burst-${n}` }).catch(() => undefined);
  const posted = await insist(simulation, wait, () => Promise.all(Array.from({ length: count }, one)));
  const accepted = (posted ?? []).flatMap((answer) =>
    answer?.status === 202 ? [{ run: String(answer.body["run"]), count: 1, fleet: "web" }] : [],
  );
  simulation.accepted.push(...accepted);
  await wait(minutes(1));
  return accepted;
}

/** An instance that a user set up, for sources that need one. */
async function golden(simulation: Simulation, wait: Wait): Promise<string | undefined> {
  const id = await insist(simulation, wait, () => launchTagged(simulation.kiln, {}));
  await wait(minutes(2));
  return id;
}

const fromInstance: Script = {
  name: "bake of an instance",
  async run(simulation, wait) {
    const id = await golden(simulation, wait);
    if (id === undefined) return false;
    simulation.touched.set(id, Number.POSITIVE_INFINITY);
    const source = { instance: { id } };
    const text = recipeText({ source, provision: [], test: TEST, family: "golden", ...NOTIFY, ...QUIET });
    return promoted(simulation, wait, "golden", text);
  },
};

const fromSnapshot: Script = {
  name: "bake of a snapshot",
  async run(simulation, wait) {
    const InstanceId = await golden(simulation, wait);
    const { kiln } = simulation;
    const snapshotId = await insist(simulation, wait, async () => {
      const { Disks } = await kiln.ecs<{ Disks: { Disk: { DiskId: string }[] } }>("DescribeDisks", {
        InstanceId,
      });
      const { DiskId } = Disks.Disk[0] ?? {};
      return (await kiln.ecs<{ SnapshotId: string }>("CreateSnapshot", { DiskId })).SnapshotId;
    });
    if (snapshotId === undefined) return false;
    simulation.touched.set(snapshotId, Number.POSITIVE_INFINITY);
    await wait(minutes(10));
    const source = { snapshot: { id: snapshotId } };
    const text = recipeText({ source, provision: [], test: TEST, family: "disk", ...NOTIFY, ...QUIET });
    return promoted(simulation, wait, "disk", text);
  },
};

const fromUpload: Script = {
  name: "bake of an uploaded disk",
  async run(simulation, wait) {
    const source = { upload: { keepObject: false } };
    const text = recipeText({ source, provision: [], test: TEST, family: "appliance", ...NOTIFY, ...QUIET });
    await upload(simulation, wait, "recipes/appliance.yaml", text);
    for (let n = 0; n < 3; n++) {
      await wait(minutes(30));
      await upload(simulation, wait, `disks/appliance/appliance-${n}.qcow2`, diskFile("qcow2", n));
      const done = () => runsOf(simulation, "promote-appliance-").find(({ state }) => state === "done");
      if ((await waitFor(wait, hours(6), done)) !== undefined) return true;
    }
    return false;
  },
};

/** A release without a builder and without an image test. */
const quick = (id: string, n: number, more: object = {}): string =>
  recipeText({
    source: { instance: { id, stop: false } },
    provision: [],
    test: { skip: true },
    family: "quick",
    description: `number ${n}`,
    ...NOTIFY,
    ...QUIET,
    ...more,
  });

async function quickReleases(
  simulation: Simulation,
  wait: Wait,
  count: number,
  more: object,
): Promise<boolean> {
  const id = await golden(simulation, wait);
  if (id === undefined) return false;
  simulation.touched.set(id, Number.POSITIVE_INFINITY);
  for (let n = 1; n <= count; n++)
    if (!(await promoted(simulation, wait, "quick", quick(id, n, more)))) return false;
  return true;
}

const rollback: Script = {
  name: "rollback and undo",
  async run(simulation, wait) {
    if (!(await quickReleases(simulation, wait, 2, {}))) return false;
    const now = () => served(simulation.kiln, HOME, "quick");
    const newest = now();
    if (!(await get(simulation, wait, "/families/quick/rollback", { to: "previous" }))) return false;
    if (now() === newest) simulation.problems.add("K5: quick serves the same image after its rollback");
    if (!(await get(simulation, wait, "/families/quick/rollback", { undo: true }))) return false;
    if (now() !== newest)
      simulation.problems.add("K5: quick serves another image after the undo of its rollback");
    return true;
  },
};

const retention: Script = {
  name: "retention",
  async run(simulation, wait) {
    const keep = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "1h" };
    if (!(await quickReleases(simulation, wait, 3, { retention: keep }))) return false;
    simulation.kiln.cloud.world.ageImages(days(2));
    if (!(await get(simulation, wait, "/recipes/quick/retire"))) return false;
    await wait(hours(1.5));
    const isRetired = await get(simulation, wait, "/recipes/quick/retire");
    // Of the three, the served one stays and the newest one that is kept besides.
    return isRetired && ownImages(simulation.kiln).filter(({ family }) => family === "quick").length < 3;
  },
};

/** Follows a link of a notification. */
async function follow({ kiln }: Simulation, link: string, body?: URLSearchParams) {
  const url = kiln.cloud.urls.http["kiln-webhook"] ?? "";
  const answer = await fetch(url + link.slice(LINKS.length), { method: "POST", ...(body && { body }) });
  await answer.text();
  return answer.status < 500 ? answer.status : undefined;
}

const approval: Script = {
  name: "approval",
  async run(simulation, wait) {
    const { channel, draw, kiln, problems } = simulation;
    const id = await golden(simulation, wait);
    if (id === undefined) return false;
    simulation.touched.set(id, Number.POSITIVE_INFINITY);
    const text = quick(id, 1, { family: "asked", promote: { approval: { within: "20h" } } });
    await upload(simulation, wait, "recipes/asked.yaml", text);
    const link = await waitFor(wait, hours(40), () => {
      const asked = channel.posted.find(({ body }) => body.kind === "approval");
      return asked?.body.links?.approve;
    });
    if (link === undefined) return false;
    if (served(kiln, HOME, "asked") !== undefined)
      problems.add("K9: asked serves an image without an approval");
    const decision = draw() < 0.8 ? "approve" : "reject";
    await insist(simulation, wait, () => follow(simulation, link, new URLSearchParams({ decision })));
    const ended = await waitFor(wait, hours(30), () => runsOf(simulation, "promote-asked-").find(hasEnded));
    if (decision === "reject" && served(kiln, HOME, "asked") !== undefined)
      problems.add("K9: asked serves an image that was rejected");
    return ended?.state === (decision === "approve" ? "done" : "failed");
  },
};

const createInstance: Script = {
  name: "scale-out by CreateInstance",
  async run(simulation, wait) {
    const text = fleetText({ family: "base", via: "CreateInstance", limits: { max: 3 } });
    await upload(simulation, wait, "fleets/single.yaml", text);
    return get(simulation, wait, "/fleets/single/scale-out", { count: 2 });
  },
};

const keep: Script = {
  name: "keep",
  async run(simulation, wait) {
    const { channel, kiln } = simulation;
    const idle = { ...POLICY, notice: "2h", notify: ["ops"] };
    await upload(
      simulation,
      wait,
      "fleets/kept.yaml",
      fleetText({ family: "base", limits: { max: 2 }, idle }),
    );
    if (!(await get(simulation, wait, "/fleets/kept/scale-out", { count: 2 }))) return false;
    const ids = membersOf(kiln, "kept").map(({ instanceId }) => instanceId);
    letIdle(simulation, ids);
    const link = await waitFor(wait, hours(8), () => {
      const links = channel.posted.flatMap(({ body }) => Object.entries(body.links?.keep ?? {}));
      return links.find(([id]) => ids.includes(id))?.[1];
    });
    if (link === undefined) return false;
    const status = await insist(simulation, wait, () => follow(simulation, link));
    await wait(minutes(10));
    return status === 200 && ids.some((id) => "kiln:keep" in tagsOf(kiln, id));
  },
};

/** Closed for two hours soon after the beginning, which is 16:00 in Shanghai. */
const UP = { timeZone: "Asia/Shanghai", hours: ["Mon-Sun 08:00-16:30", "Mon-Sun 20:00-23:00"] };

/** Whether the fleet `night` is up. */
export function isNightUp(at: number): boolean {
  const hour = new Date(at).getUTCHours() + 8 + new Date(at).getUTCMinutes() / 60;
  const inShanghai = hour % 24;
  return (inShanghai >= 8 && inShanghai < 16.5) || (inShanghai >= 20 && inShanghai < 23);
}

const resume: Script = {
  name: "resume",
  async run(simulation, wait) {
    const idle = { ...POLICY, grace: "15m", upDuring: UP, resume: true };
    const text = fleetText({ family: "base", limits: { max: 2 }, idle });
    await upload(simulation, wait, "fleets/night.yaml", text);
    if (!(await get(simulation, wait, "/fleets/night/scale-out", { count: 2 }))) return false;
    letIdle(
      simulation,
      membersOf(simulation.kiln, "night").map(({ instanceId }) => instanceId),
    );
    await wait(hours(2));
    const asked = await get(simulation, wait, "/fleets/night/stop");
    await wait(hours(3));
    // They were stopped at half past four and are up again from eight.
    const members = membersOf(simulation.kiln, "night");
    return asked && members.length > 0 && members.every(({ status }) => status === "Running");
  },
};

const cancel: Script = {
  name: "cancel",
  async run(simulation, wait) {
    const text = recipeText({ family: "never", ...NOTIFY, ...QUIET });
    await upload(simulation, wait, "recipes/never.yaml", text);
    const bake = await waitFor(wait, hours(2), () => runsOf(simulation, "bake-never-")[0]);
    if (bake === undefined) return false;
    await wait(simulation.draw() * minutes(2));
    await insist(simulation, wait, () => post(simulation, `/runs/${bake.run}/cancel`, {}));
    return (await endOf(simulation, wait, bake))?.state === "cancelled";
  },
};

const OTHERS = [
  fromInstance,
  fromSnapshot,
  fromUpload,
  rollback,
  retention,
  approval,
  createInstance,
  keep,
  resume,
  cancel,
];

/** Retention and rollback share a recipe, so no simulation has both. */
const CLASH: ReadonlySet<Script> = new Set([rollback, retention]);
const BESIDE = 2;

/** The main job and two others. Every workflow comes up in five seeds, and every scenario meets every workflow. */
export function scriptsOf(seed: number): readonly Script[] {
  const first = (seed * BESIDE) % OTHERS.length;
  const chosen: Script[] = [];
  for (const script of [...OTHERS.slice(first), ...OTHERS.slice(0, first)]) {
    const clashes = CLASH.has(script) && chosen.some((one) => CLASH.has(one));
    if (!clashes && chosen.length < BESIDE) chosen.push(script);
  }
  return [main, ...chosen];
}
