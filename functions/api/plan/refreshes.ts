/** The refreshes that the promotions of planned bakes begin (functions/scale-out/refresh/promoted.ts). */
import { documentNames, loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { pauseOf } from "../../../shared/size/log.ts";
import { followsPromotions, replaceable } from "../../scale-out/refresh/promoted.ts";
import { moves, type PlannedBake } from "./bakes.ts";
import type { PlannedFleet } from "./clock.ts";

/** Fleets that are read for a page, which has few seconds. */
const FLEETS_MAX = 300;

/** The fleets that promotions refresh, or why they are not looked up. @throws CloudError */
export async function refreshingFleets({ cloud }: Pick<Ports, "cloud">): Promise<Result<readonly Fleet[]>> {
  const names = await documentNames(cloud, "fleets");
  if (names.length > FLEETS_MAX)
    return problem(
      `there are ${names.length} fleets; of more than ${FLEETS_MAX} the refreshes that promotions begin are not in this plan`,
    );
  const found = await inBatches(names, (name) => loadFleet(cloud, name));
  return ok(
    found.flatMap((one) =>
      "document" in one && one.document.refresh?.onPromotion === "refresh" ? [one.document] : [],
    ),
  );
}

/** Those behind the bakes of a recipe. @param fleets those that promotions refresh @throws CloudError */
export async function plannedRefreshes(
  bakes: readonly PlannedBake[],
  fleets: () => ReturnType<typeof refreshingFleets>,
  ports: Ports,
): Promise<Result<readonly PlannedFleet[]>> {
  const rows: PlannedFleet[] = [];
  for (const bake of bakes) {
    if (!(await moves(bake, ports))) continue;
    const { run = `the bake of ${bake.recipe}` } = bake;
    const assumes = `${run} promotes into ${bake.promotes}`;
    const refreshing = await fleets();
    if (!refreshing.ok) return refreshing;
    for (const document of refreshing.value)
      if (document.family === bake.promotes) rows.push(...(await rowsOf(document, assumes, ports)));
  }
  return ok(rows);
}

async function rowsOf(document: Fleet, assumes: string, ports: Ports): Promise<PlannedFleet[]> {
  const { name: fleet, family } = document;
  if (!followsPromotions(document, await membersOf(ports.cloud, fleet))) return [];
  const ready = replaceable(document);
  if (typeof ready === "string") return [{ fleet, act: "fail", why: ready, assumes }];
  const paused = await pauseOf(fleet, ports);
  if (paused !== undefined) return [{ fleet, act: "fail", why: paused, assumes }];
  return [{ fleet, act: "refresh", why: `family ${family} moves; its members are replaced`, assumes }];
}
