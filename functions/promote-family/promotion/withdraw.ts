/**
 * The last phase of a promotion, when its recipe names fewer regions or accounts than it did: withdraw.
 *
 * WITHDRAW-1. Accounts that the recipe does not name lose what Kiln shared with them, of every image of the recipe.
 * WITHDRAW-2. In a region that the recipe does not name the family loses the copies of Kiln: they are deprecated, and
 *     retention deletes them. One that has users (family/users.ts), or that was shared by hand, stays as it is.
 * WITHDRAW-3. The family has moved by then: what cannot be withdrawn is reported and fails nothing.
 */
import * as z from "zod/mini";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { imageShares } from "../../../shared/cloud/ecs/shares.ts";
import { hours } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import {
  accountsOf,
  deliveredOf,
  forgetRegion,
  forgetShares,
  formerRegions,
  type Delivered,
} from "../../../shared/delivered.ts";
import { deprecateOwn, firstChange, NO_CHANGE, placed, type Change } from "../family/deprecate.ts";
import { ownImage } from "../family/own.ts";
import { homeOf } from "../family/served.ts";
import { takeBack } from "../family/take-back.ts";
import { usersIn } from "../family/users.ts";
import { checkedEvent, type WithRecipe } from "./input.ts";

/** `result`: that of the promotion, which is over but for this. */
export const Withdraw = checkedEvent("withdraw", { result: z.record(z.string(), z.unknown()) });
type Withdraw = EventOf<typeof Withdraw>;

/** The sharing that the recipe does not ask for (WITHDRAW-1), an entry for each image. */
function formerShares(delivered: Delivered, document: WithRecipe["document"], home: string) {
  const former = formerRegions(delivered, document, home);
  const places = new Map(delivered.shares.map(({ region, imageId }) => [imageId, { region, imageId }]));
  return [...places.values()].flatMap((place) => {
    const accounts = accountsOf(delivered, place).filter(
      (account) => former.includes(place.region) || !document.promote.accounts.includes(account),
    );
    return accounts.length === 0 ? [] : [{ place, accounts }];
  });
}

/** Whether the recipe names less than its promotions have delivered. Changes nothing. */
export async function isWithdrawalDue({ recipe, document }: WithRecipe, ports: Ports): Promise<boolean> {
  const delivered = await deliveredOf(ports.cloud, recipe);
  const home = homeOf(ports);
  return (
    formerRegions(delivered, document, home).length > 0 || formerShares(delivered, document, home).length > 0
  );
}

async function withdrawNext(event: Withdraw, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { recipe, document } = event.input;
  const delivered = await deliveredOf(cloud, recipe);
  const home = homeOf(ports);
  const left: string[] = [];
  const shares = formerShares(delivered, document, home);
  const unshared = await firstChange(shares, (share) => takeShare(share, recipe, left, cloud));
  // Regions come last: a copy that is still shared would stay (WITHDRAW-2).
  const change =
    unshared.ok && unshared.value === undefined
      ? await firstChange(formerRegions(delivered, document, home), (region) =>
          leaveRegion(region, recipe, left, ports),
        )
      : unshared;
  if (change.ok && change.value !== undefined) return poll(event, clock, PACE.step, change.value);
  return ended(event, change.ok ? left : [...left, change.problem]);
}

/** WITHDRAW-1. */
async function takeShare(
  { place, accounts }: ReturnType<typeof formerShares>[number],
  recipe: string,
  left: string[],
  cloud: Ports["cloud"],
): Promise<Change> {
  const found = await ownImage(cloud, place);
  if (found.ok && found.value !== undefined) return takeBack(cloud, recipe, place, accounts);
  if (found.ok) await forgetShares(cloud, recipe, place, accounts);
  else left.push(found.problem);
  return NO_CHANGE;
}

/** WITHDRAW-2. */
async function leaveRegion(
  region: string,
  recipe: string,
  left: string[],
  { cloud }: Ports,
): Promise<Change> {
  const tags = ownTags(cloud, { [TAG.recipe]: recipe, [TAG.role]: ROLE.copy });
  const copies = await describeImages(cloud, { tags }, region);
  if (copies.length === 0) {
    await forgetRegion(cloud, recipe, region);
    return NO_CHANGE;
  }
  const available = copies.filter(({ status }) => status === "Available");
  if (available.length === 0) return NO_CHANGE;
  const usersOf = await usersIn(region, cloud);
  return firstChange(available, async (copy) => {
    const why = await reasonToStay(copy, region, usersOf(copy), cloud);
    if (why === undefined) return deprecateOwn(cloud, copy, region);
    left.push(`${placed({ region, imageId: copy.id })} stays: ${why}`);
    return NO_CHANGE;
  });
}

async function reasonToStay(
  { id, shared }: Image,
  region: string,
  users: readonly string[],
  cloud: Ports["cloud"],
): Promise<string | undefined> {
  if (users.length > 0) return `it is needed by ${users.slice(0, 3).join(", ")}`;
  // Kiln's own sharing is taken back by now (WITHDRAW-1).
  const accounts = shared ? await imageShares(cloud, id, region) : [];
  return accounts.length === 0 ? undefined : `it is shared with ${accounts.join(", ")}, and not by Kiln`;
}

const ended = ({ result }: Withdraw, left: readonly string[]): Outcome =>
  done({ ...result, ...(left.length > 0 && { notWithdrawn: left }) });

export const withdraw = phase(Withdraw, {
  limitMs: hours(2),
  run: withdrawNext,
  cancel: ({ result }) => done({ ...result }),
  compensate: (event, reason) => ended(event, [reason]),
});
