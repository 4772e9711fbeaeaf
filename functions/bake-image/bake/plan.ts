/** Decides whether the recipe is baked, and goes on to the phase that its source begins with. */
import { writeBaked } from "../../../shared/baked.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { deliveryOf } from "../../../shared/workflow/run-id.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { builder } from "./builder.ts";
import { captureFile } from "./hash.ts";
import { Capture, captureOf, Stop } from "./image.ts";
import type { Decision } from "./decide.ts";
import { LockedInput } from "./input.ts";

export const Plan = eventsWith(LockedInput)("plan", {});
type Plan = EventOf<typeof Plan>;

/** Ends the run when there is nothing to bake: it owns only its lock, which ends with it (LOCK-2). */
async function planBake(event: Plan, ports: Ports): Promise<Outcome> {
  // Loaded here only: reading documents is a third of a cold start.
  const { decide } = await import("./decide.ts");
  const decided = await decide(event, ports);
  if (!decided.ok) return failed(decided.problem);
  const { value } = decided;
  if (value.kind === "skip") return skip(event, value);
  const {
    baked,
    plan: { inputs },
  } = value;
  await writeBaked(ports.cloud, event.run, inputs.parameters, baked);
  return begin({ ...event.input, parameters: { ...baked.values } }, value, ports);
}

function skip({ run, input }: Plan, { note, waits, delivers }: Skip): Outcome {
  const { recipe, document } = input;
  return done({
    skipped: true,
    note,
    ...(waits && { waits }),
    ...(delivers !== undefined && {
      delivers,
      promotes: document.family,
      promotion: deliveryOf(run, recipe, delivers),
    }),
  });
}

type Skip = Extract<Decision, { readonly kind: "skip" }>;
type Bake = Extract<Decision, { readonly kind: "bake" }>;

async function begin(input: LockedInput, { base, plan, why }: Bake, ports: Ports): Promise<Outcome> {
  const planned = { note: why, input: { ...input, plan } };
  switch (base.kind) {
    case "builder": {
      const document = { ...input.document, source: base.source };
      const { instance, instanceTypes } = base.source;
      const chosen = instance === undefined ? why : `${why}; instance types ${instanceTypes.join(", ")}`;
      return builder.start({ ...input, document, plan: { ...plan, baseImage: base.image } }, ports, chosen);
    }
    case "instance": {
      const { id: instanceId, stop } = base.source;
      const restart = base.running && { restart: instanceId };
      const of = { ...input, plan: { ...plan, ...restart } };
      return stop ? next(Stop, { instanceId }, { note: why, input: of }) : captureOf(of, instanceId, why);
    }
    case "snapshot":
      return next(Capture, { from: { snapshotId: base.source.id } }, planned);
    case "disks": {
      const disks = base.disks.map(({ type: kind, ...disk }) => ({ kind, ...disk }));
      return next(Capture, { from: { disks } }, planned);
    }
    case "upload":
      return captureFile(base, planned, ports);
  }
}

export const plan = phase(Plan, { limitMs: minutes(30), run: planBake });
