/** A dry run of a bake, a run of one phase: reads and decides as the bake does, and changes nothing. */
import { hours, minutes } from "../../../shared/duration.ts";
import { hourlyLaunchPrice, pricedDisk } from "../../../shared/cloud/ecs/price.ts";
import type { LaunchPreview } from "../../../shared/ephemeral-instance/dry-run.ts";
import type { InstanceSpec } from "../../../shared/ephemeral-instance/spec.ts";
import { CloudError } from "../../../shared/errors.ts";
import { heldText, holdOf } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok, type Result } from "../../../shared/result.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { holderOf } from "../../../shared/workflow/lock.ts";
import { done, failed, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { builderSpec } from "./builder.ts";
import type { Decision } from "./decide.ts";
import { loadRequested, versionsOf } from "./document.ts";
import { lockName, RequestInput, type LockedInput } from "./input.ts";
import { refusedBusy } from "./lock.ts";

export const DryRun = eventsWith(RequestInput)("dry-run", {});
type DryRun = EventOf<typeof DryRun>;

/** Fails with the reason that the bake would fail with before its first change; else reports what it would do. */
async function previewBake(event: DryRun, ports: Ports): Promise<Outcome> {
  const { recipe } = event.input;
  const read = await loadRequested(event.input, ports);
  if ("problem" in read) return failed(read.problem);
  const { document } = read;
  const holder = await holderOf(lockName(recipe), ports);
  if (holder !== undefined && document.whenBusy !== "queue") return refusedBusy(recipe, holder);
  const { decide } = await import("./decide.ts");
  const locked = { ...event, input: { ...event.input, document } };
  const decided = await decide(locked, ports);
  if (!decided.ok) return failed(decided.problem);
  const report = {
    dryRun: true,
    recipe,
    ...(holder !== undefined && { waitsFor: holder }),
    ...(await heldOf(document.family, ports)),
  };
  const { value } = decided;
  if (value.kind === "skip") {
    const { note, delivers: wouldDeliver } = value;
    return done({ ...report, wouldBake: false, note, ...(wouldDeliver !== undefined && { wouldDeliver }) });
  }
  const source = await previewSource(locked, value, ports);
  if (!source.ok) return failed(source.problem);
  const { family: promotes } = document;
  return done({
    ...report,
    wouldBake: true,
    why: value.why,
    ...(document.parameters && { parameters: value.baked.values }),
    ...versionsOf(document),
    ...source.value,
    ...(promotes && { promotes }),
  });
}

/** The hold that keeps a new image from its family. */
async function heldOf(family: string | undefined, ports: Ports): Promise<{ readonly held?: string }> {
  const hold = family === undefined ? undefined : await holdOf(family, ports);
  return family === undefined || hold === undefined ? {} : { held: heldText(family, hold) };
}

type Bake = Extract<Decision, { readonly kind: "bake" }>;

/** The base of the image, and the launch of its builder. */
async function previewSource(
  event: DryRun & { readonly input: LockedInput },
  { base, plan }: Bake,
  ports: Ports,
): Promise<Result<Readonly<Record<string, unknown>>>> {
  if (base.kind === "instance") {
    const { id } = base.source;
    return ok({ from: id, ...(base.running && { wouldStop: id }) });
  }
  const from = plan.inputs.base;
  if (base.kind !== "builder") return ok({ from });
  const { dryRunLaunch } = await import("../../../shared/ephemeral-instance/dry-run.ts");
  const document = { ...event.input.document, source: base.source };
  const spec = builderSpec({ ...event.input, document, plan: { ...plan, baseImage: base.image } });
  const launch = await dryRunLaunch(event, spec, ports);
  if (!launch.ok) return launch;
  return ok({ from, ...launch.value, cost: await costOf(spec, launch.value.launch, ports.cloud) });
}

/** The price of the builder for an hour, and for the longest time that it may live. Disks of a snapshot have no price without a size. */
async function costOf(
  spec: InstanceSpec,
  { instanceType, spot }: LaunchPreview["launch"],
  cloud: Ports["cloud"],
) {
  const { SystemDisk, DataDisk, InternetMaxBandwidthOut } = spec.params;
  const sized = Array.isArray(DataDisk) ? DataDisk.filter((disk) => "Size" in disk).map(pricedDisk) : [];
  const params = {
    InstanceType: instanceType,
    ImageId: spec.imageId,
    SystemDisk: pricedDisk(SystemDisk),
    ...(sized.length > 0 && { DataDisk: sized }),
    InternetMaxBandwidthOut,
    ...(spot && { SpotStrategy: "SpotAsPriceGo" }),
    PriceUnit: "Hour",
  };
  try {
    const { perHour, currency } = await hourlyLaunchPrice(cloud, params);
    const atMost = Math.round(perHour * (spec.expireAfterMs / hours(1)) * 1000) / 1000;
    return { builder: `${perHour} ${currency} an hour, at most ${atMost} ${currency}` };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    return { builder: `not known: ${error.short}` };
  }
}

export const dryRun = phase(DryRun, { limitMs: minutes(30), run: previewBake });
