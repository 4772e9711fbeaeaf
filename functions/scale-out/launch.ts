/** `launch`, and `create` and `start` for fleets that go through CreateInstance: buying, down the ladder. */
import {
  allocatePublicIp,
  createInstance,
  describeInstances,
  runInstances,
  startInstance,
  type Instance,
} from "../../shared/cloud/instances.ts";
import { clientToken } from "../../shared/cloud/token.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/handler.ts";
import { next, wait } from "../../shared/machine.ts";
import { readBatch, writeBatch } from "./batches.ts";
import { readPassword } from "./config.ts";
import type { Rung } from "./plan.ts";
import {
  fleetOf,
  noted,
  paramsOf,
  progressOf,
  ladderOf,
  servedSince,
  type At,
  type ScaleOutcome,
} from "./progress.ts";
import { isScarce, noteScarce } from "./scarcity.ts";

/** RunInstances makes at most this many in one call. */
const BATCH_MAX = 100;
/** Between the launch and the first look. */
const BOOT_MS = seconds(20);
/** An id that was answered and is not listed this long after is gone (SystemFailure.Delete). */
export const ABSENT_MS = minutes(2);

type Buying = At<"launch"> | At<"create">;

/** Buys up to a hundred on the rung at hand. What came is kept, the rest goes on from the next rung. */
export function launch(event: At<"launch">, ports: Ports): Promise<ScaleOutcome> {
  return buy(
    event,
    Math.min(event.left, BATCH_MAX),
    { phase: "verify", batch: 0 },
    ports,
    async (params, token) => {
      const { instanceIds, tradePrice = 0 } = await runInstances(ports.cloud, params, token);
      return { ids: instanceIds, price: tradePrice };
    },
  );
}

/** Makes one instance the older way; it stays stopped until `start`. */
export function create(event: At<"create">, ports: Ports): Promise<ScaleOutcome> {
  return buy(event, Math.min(event.left, 1), { phase: "start", batch: 0 }, ports, async (params, token) => {
    const { instanceId, tradePrice = 0 } = await createInstance(ports.cloud, params, token);
    return { ids: [instanceId], price: tradePrice };
  });
}

type Call = (
  params: Readonly<Record<string, unknown>>,
  token: string,
) => Promise<{ readonly ids: readonly string[]; readonly price: number }>;

async function buy(
  event: Buying,
  amount: number,
  then: { readonly phase: "verify" | "start"; readonly batch: 0 },
  ports: Ports,
  call: Call,
): Promise<ScaleOutcome> {
  const { cloud } = ports;
  const { left, rung, attempt, run } = event;
  const progress = progressOf(event);
  if (left <= 0) return next({ ...progress, ...then }, BOOT_MS);
  const document = fleetOf(event);
  const step = ladderOf(event)[rung];
  if (step === undefined) {
    const note = `no rung of the ladder has room for ${left} more`;
    return next({ ...progress, ...then, left: 0, short: noted(event.short, note) }, BOOT_MS, note);
  }
  const login = readPassword(document, cloud.access);
  if ("problem" in login) return next({ phase: "release", ...progress, reason: login.problem });
  const images = await servedSince(event, cloud);
  const params = await paramsOf(event, step, amount, cloud);
  // Drawn without the password: a token is logged, and what is drawn from a secret helps to guess it.
  const token = clientToken(run, document.via, attempt, params);
  const secret = login.password === undefined ? {} : { Password: login.password };
  try {
    const { ids, price } = await call({ ...params, ...secret }, token);
    const name = `launch-${attempt}`;
    await writeBatch(cloud, run, name, ids);
    if (ids.length < amount) await noteScarce(step, ports);
    const bought = {
      ...progress,
      batches: [...progress.batches, name],
      left: left - ids.length,
      // Fewer than asked for: this rung is empty.
      rung: ids.length < amount ? rung + 1 : rung,
      attempt: attempt + 1,
      launched: event.launched + ids.length,
      price: event.price + price,
      images,
    };
    const note = `${ids.length} of ${amount} as ${step.name}`;
    if (bought.left === 0) return next({ ...bought, ...then }, BOOT_MS, note);
    return next({ phase: event.phase, ...bought }, 0, note);
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    if (error.kind === "change") {
      if (isScarce(error.code)) await noteScarce(step, ports);
      return next({ phase: event.phase, ...refused(event, step, error) }, 0, `${step.name}: ${error.code}`);
    }
    // A no for good ends the buying, not the request: what came before it is looked at, counted and kept.
    if (event.batches.length === 0) throw error;
    const kept = { ...progress, left: 0, short: noted(event.short, error.message) };
    return next({ ...kept, ...then }, BOOT_MS, error.message);
  }
}

/** A definite no: the next rung, with a token of its own. */
const refused = (event: Buying, { name }: Rung, { code }: CloudError) => ({
  ...progressOf(event),
  rung: event.rung + 1,
  attempt: event.attempt + 1,
  short: noted(event.short, `${name}: ${code}`),
});

/** The life of a created instance, one change a step: stopped → public address → started → next one. */
export async function start(event: At<"start">, { cloud, clock }: Ports): Promise<ScaleOutcome> {
  const progress = progressOf(event);
  const name = event.batches[event.batch];
  if (name === undefined) return next({ phase: "verify", ...progress, batch: 0 }, seconds(10));
  const onward = { phase: "start", ...progress, batch: event.batch + 1 } as const;
  const [id] = name.startsWith("launch-") ? ((await readBatch(cloud, event.run, name)) ?? []) : [];
  if (id === undefined) return next(onward);
  const [instance] = await describeInstances(cloud, { ids: [id] });
  if (instance === undefined) {
    const young = clock.now() - event.since < ABSENT_MS;
    return young ? wait(seconds(10), `${id} is not listed yet`) : next(onward, 0, `${id} vanished`);
  }
  if (instance.status === "Pending") return wait(seconds(5), `${id} is being created`);
  if (instance.status !== "Stopped") return next(onward, 0, `${id} is ${instance.status}`);
  try {
    return await raise(instance, event, onward, cloud);
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    // One that will not start does not hold up the others; `release` gives it back.
    const note = `${id} was created and would not start: ${error.message}`;
    const batches = progress.batches.filter((other) => other !== name);
    return next({ ...onward, batch: event.batch, batches, short: noted(event.short, note) }, 0, note);
  }
}

async function raise(
  { id, publicIps }: Instance,
  event: At<"start">,
  onward: ReturnType<typeof progressOf> & { readonly phase: "start"; readonly batch: number },
  cloud: Ports["cloud"],
): Promise<ScaleOutcome> {
  const { InternetMaxBandwidthOut: bandwidth = 0 } = fleetOf(event).launch;
  if (bandwidth > 0 && publicIps.length === 0) {
    // CreateInstance hands out no address by itself; an elastic one (EIP) counts as one.
    const address = await allocateOnce(id, cloud);
    if (address === undefined) return wait(seconds(5), `${id} has an address that is not listed yet`);
    return next({ ...onward, batch: event.batch }, seconds(1), `${id} has ${address}`);
  }
  await startInstance(cloud, id);
  return next(onward, 0, `${id} starts`);
}

/** The new address, or undefined when it had one before. */
async function allocateOnce(id: string, cloud: Ports["cloud"]): Promise<string | undefined> {
  try {
    return await allocatePublicIp(cloud, id);
  } catch (error) {
    if (error instanceof CloudError && error.kind === "done") return undefined;
    throw error;
  }
}
