/** The dry run of a rollback or of its undo: it plans like the real run and changes nothing. */
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { done, failed, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { outdatedConsumers } from "../family/consumers.ts";
import { familyNow } from "../family/lock.ts";
import { homeOf } from "../family/served.ts";
import { recipesOf } from "./consume.ts";
import { event } from "./plan.ts";
import { previewOf } from "./preview.ts";

/** The only phase of its run. */
export const DryRun = event("dry-run", {});

async function preview({ input }: EventOf<typeof DryRun>, ports: Ports): Promise<Outcome> {
  const { family, target } = input;
  const plan = await previewOf(family, target, ports);
  if (!plan.ok) return failed(plan.problem);
  const { targets, images, ...changes } = plan.value;
  const recipes = await recipesOf([targets[homeOf(ports)] ?? "", ...images], ports);
  const wouldUpdate = await outdatedConsumers(recipes, family, targets, ports);
  return done({
    dryRun: true,
    family,
    imageId: targets[homeOf(ports)],
    regions: targets,
    ...(await familyNow(family, Object.keys(targets), ports)),
    ...changes,
    ...(wouldUpdate.length > 0 && { wouldUpdate }),
  });
}

export const dryRun = phase(DryRun, { limitMs: minutes(30), run: preview });
