/** A dry run of a bake: reads and decides as the bake does, and changes nothing: no claim, no notice. */
import { holderOf } from "../../shared/claim.ts";
import { loadRecipe } from "../../shared/document-store.ts";
import type { BakeEvent, BakePlan } from "../../shared/events/bake-image.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, failed, type Outcome } from "../../shared/machine.ts";
import { rehearseLaunch } from "../../shared/rehearsal.ts";
import { refusedBusy } from "./notices.ts";
import { planBake } from "./plan.ts";
import { builderRental } from "./rental.ts";

/** Fails with the reason the bake would fail with, before it changed anything; else says what it would do. */
export async function rehearse(event: BakeEvent, claimed: string, ports: Ports): Promise<Outcome<BakeEvent>> {
  const { cloud, clock } = ports;
  const { recipe } = event.job;
  const read = await loadRecipe(cloud, recipe);
  if ("problem" in read) return failed(read.problem);
  const { document } = read;
  const holder = await holderOf(cloud, claimed, clock.now());
  if (holder !== undefined && document.whenBusy !== "queue") return failed(refusedBusy(recipe, holder));
  const planned = await planBake(event, document, ports);
  if (planned.kind === "refuse") return failed(planned.reason);
  const told = { dryRun: true, recipe, ...(holder !== undefined && { waitsFor: holder }) };
  if (planned.kind === "skip") return done({ ...told, wouldBake: false, note: planned.note });
  const { plan, why } = planned;
  const beginning = await begins(event, plan, ports);
  if ("problem" in beginning) return failed(beginning.problem);
  const { family } = document;
  return done({ ...told, wouldBake: true, why, ...beginning.with, ...(family && { promotes: family }) });
}

/** What the bake would start from and with. */
async function begins(
  event: BakeEvent,
  plan: BakePlan,
  { cloud }: Ports,
): Promise<{ readonly problem: string } | { readonly with: Readonly<Record<string, unknown>> }> {
  const { source } = plan.document;
  switch (source.kind) {
    case "builder": {
      const launch = await rehearseLaunch(event, builderRental(event, plan), cloud);
      return "problem" in launch ? launch : { with: { from: plan.inputs.base, ...launch } };
    }
    case "instance":
      return { with: { from: source.id, ...(plan.restart && { wouldStop: source.id }) } };
    case "snapshot":
    case "disks":
    case "upload":
      return { with: { from: plan.inputs.base } };
  }
}
