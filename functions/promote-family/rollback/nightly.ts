/**
 * The nights after a rollback that left a consumer behind (CONSUMER-1): the rollback is asked for again, to the image that the family
 * serves, so that nothing but consumers is left to change. It ends with the hold that the rollback has set, or when all have the image.
 */
import * as z from "zod/mini";
import { apart } from "../../../shared/apart.ts";
import { documentNames, loadRecipe } from "../../../shared/document-store.ts";
import { holdOf } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import { familyName, kindOf, runId } from "../../../shared/workflow/run-id.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";
import { ImageIn } from "../family/deprecate.ts";
import { outdatedConsumers } from "../family/consumers.ts";
import { homeOf, servedIn } from "../family/served.ts";

const Incomplete = z.looseObject({ regions: ImageIn, notUpdated: z.array(z.string()) });

/** A recipe that cannot be read is left out: its check reports what is wrong. */
export async function nightlyRollbacks(trigger: Trigger, ports: Ports): Promise<readonly RunRequest[]> {
  const { cloud } = ports;
  const dueOf = async (name: string): Promise<readonly RunRequest[]> => {
    const found = await loadRecipe(cloud, name);
    if ("problem" in found) return [];
    const { family, promote } = found.document;
    return family === undefined || promote.consumers.length === 0
      ? []
      : rollbackAgain({ recipe: name, family }, trigger, ports);
  };
  return (await apart(await documentNames(cloud, "recipes"), dueOf, ports)).flat();
}

async function rollbackAgain(
  { recipe, family }: { readonly recipe: string; readonly family: string },
  { by, at, identity }: Trigger,
  ports: Ports,
): Promise<readonly RunRequest[]> {
  const { run: last = "" } = (await holdOf(family, ports)) ?? {};
  if (kindOf(last) !== "rollback") return [];
  const { completion } = standing(last, await readRunLog(ports.cloud, last)) ?? {};
  const left = Incomplete.safeParse(completion?.result).data;
  if (left === undefined) return [];
  const regions = Object.keys(left.regions);
  const served = await servedIn(family, regions, ports);
  const to = left.regions[homeOf(ports)];
  if (to === undefined || served[homeOf(ports)] !== to) return [];
  if ((await outdatedConsumers([recipe], family, served, ports)).length === 0) return [];
  const run = runId("rollback", familyName(family), at, [...identity, family]);
  return [{ run, by, request: { v: 1, request: "rollback", family, to, regions } }];
}
