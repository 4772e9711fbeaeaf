/** probe → await-probe: the idle probe is asked in each slice of members right before its end (../idle-check/probe.ts). */
import { answersOf } from "../../../shared/ask-members.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { NOT_BUSY } from "../idle-check/not-busy.ts";
import { beginProbe, whyKept } from "../idle-check/probe.ts";
import { afterSlice, AwaitProbe, End, keepAll, Probe, SLICE, type Select } from "./events.ts";

/** Whether members are asked if they are in use: not those that a caller names (SHRINK-4). */
export const asksProbe = ({ instances, busyStay }: Select["input"], { idle }: Fleet): boolean =>
  idle?.probe !== undefined && (instances === undefined || busyStay === true);

/** Asks a slice, which is ended before the next one is asked. */
async function askSlice(event: Probe, ports: Ports): Promise<Outcome> {
  const { run, input, leavers: all, ended, kept } = event;
  const loaded = await loadFleet(ports.cloud, input.fleet);
  if ("problem" in loaded) return keepAll(event, loaded.problem);
  const { os, idle } = loaded.document;
  const probed = all.slice(0, SLICE);
  const later = all.slice(SLICE);
  if (idle?.probe === undefined) return next(End, { leavers: all, ended, kept });
  const ids = probed.map(({ id }) => id);
  const asked = await beginProbe({ run, fleet: input.fleet, os, probe: idle.probe, ids }, ports.cloud);
  const state = { ended, kept: [...kept, ...asked.refused.map(({ id, message }) => `${id}: ${message}`)] };
  const { invocationId } = asked;
  if (invocationId === undefined) return afterSlice([], later, state);
  const open = probed.filter(({ id }) => asked.probed.includes(id));
  return next(AwaitProbe, { invocationId, probed: open, later, ...state });
}

async function awaitAnswers(event: AwaitProbe, ports: Ports): Promise<Outcome> {
  const { probed, later, ended, input } = event;
  const loaded = await loadFleet(ports.cloud, input.fleet);
  if ("problem" in loaded) return keepAll(event, loaded.problem);
  const ids = probed.map(({ id }) => id);
  const results = await answersOf(event, ids, loaded.document.idle?.probe, ports);
  if ("kind" in results) return results;
  const answers = probed.map((one) => ({ one, why: whyKept(one.id, results.get(one.id)) }));
  const leavers = answers.flatMap(({ one, why }) =>
    why === undefined ? [{ ...one, why: `${one.why}; ${NOT_BUSY}` }] : [],
  );
  const stay = answers.flatMap(({ one: { id }, why }) =>
    why === undefined ? [] : [`${id}: ${why.message}`],
  );
  return afterSlice(leavers, later, { ended, kept: [...event.kept, ...stay] });
}

export const probe = phase(Probe, { limitMs: minutes(30), run: askSlice, compensate: keepAll });
export const awaitProbe = phase(AwaitProbe, { limitMs: minutes(60), run: awaitAnswers, compensate: keepAll });
