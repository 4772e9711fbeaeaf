/** How users ask: they try again until they are answered, and wait for what they asked for. */
import { hours, minutes } from "../../../shared/duration.ts";
import { hasEnded } from "../../support/records.ts";
import { LINKS, type Accepted, type Simulation } from "../simulation.ts";
import type { Wait } from "../user.ts";

/** A user. `run` returns whether its workflow went through to its end; under faults it may be refused on the way. */
export interface Script {
  readonly name: string;
  readonly run: (simulation: Simulation, wait: Wait) => Promise<boolean>;
}

/** How often a user tries again. */
const TRIES_MAX = 40;
const PAUSE_MAX_MS = minutes(16);

/** Calls a function until it succeeds, with longer and longer pauses. */
export async function insist<T>(wait: Wait, call: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let n = 0; n < TRIES_MAX; n++) {
    const done = await wait.answer(() => call().catch(() => undefined));
    if (done !== undefined) return done;
    await wait(Math.min(minutes(2 ** n), PAUSE_MAX_MS));
  }
  return undefined;
}

/** Calls the cloud itself until it succeeds. The clock stands still meanwhile, so that no such call may hang. */
export async function insistDirectly<T>(
  { calls }: Simulation,
  wait: Wait,
  call: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let n = 0; n < TRIES_MAX; n++) {
    calls.open++;
    const done = await call()
      .catch(() => undefined)
      .finally(() => calls.open--);
    if (done !== undefined) return done;
    await wait(Math.min(minutes(2 ** n), PAUSE_MAX_MS));
  }
  return undefined;
}

export const upload = (simulation: Simulation, wait: Wait, key: string, body: string | Buffer) =>
  insistDirectly(simulation, wait, async () => {
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
  const answer = await insist(wait, () => post(simulation, path, { key, ...body }));
  if (answer?.status !== 202) return undefined;
  const { count } = body;
  return noteAccepted(simulation, {
    run: String(answer.body["run"]),
    ...(typeof count === "number" && { count, fleet: path.split("/")[2] ?? "" }),
  });
}

/** K8: whatever is accepted is in a log by then. */
export function noteAccepted({ kiln, accepted, problems }: Simulation, request: Accepted): Accepted {
  accepted.push(request);
  if (kiln.record(request.run) === undefined) problems.add(`K8: ${request.run} is accepted and has no log`);
  return request;
}

/** One POST; undefined for an answer after which callers try again. */
export async function post({ kiln }: Simulation, path: string, body: object) {
  const answer = await kiln.call("POST", path, body);
  return answer.status >= 500 || answer.status === 429 ? undefined : answer;
}

/** Follows a link of a notification; undefined for an answer after which users try again. */
export async function follow({ kiln: { cloud } }: Simulation, link: string, body?: URLSearchParams) {
  const url = `${cloud.urls.http["kiln-webhook"] ?? ""}${link.slice(LINKS.length)}`;
  const call = async (): Promise<number> => {
    const answer = await fetch(url, { method: "POST", ...(body && { body }) });
    await answer.text();
    return answer.status;
  };
  const status = await cloud.time.hold(call());
  return status < 500 ? status : undefined;
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
export async function get(
  simulation: Simulation,
  wait: Wait,
  path: string,
  body: object = {},
): Promise<boolean> {
  const accepted = await ask(simulation, wait, path, { ...body });
  return accepted !== undefined && (await endOf(simulation, wait, accepted))?.state === "done";
}

/** True once none of the instances runs. */
export const areStopped = ({ kiln }: Simulation, ids: readonly string[]): true | undefined =>
  ids.every((id) => kiln.cloud.world.instances.get(id)?.status !== "Running") || undefined;
