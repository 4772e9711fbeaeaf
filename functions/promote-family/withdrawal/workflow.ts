/**
 * Withdrawal: takes away what a recipe has delivered and does not name any more. A run of its own, of one phase.
 *
 * It begins when a document is put, by night, and at the end of a promotion, whenever `state/delivered/` has more than the
 * document grants; what is delivered again does not matter to it. So it waits for no approval, no hold, no pause and no bake.
 *
 * WITHDRAW-1. Accounts that the recipe does not name lose what Kiln shared with them, of every image of the recipe.
 * WITHDRAW-2. In a region that the recipe does not name the family loses the copies of Kiln: they are deprecated, and
 *     retention deletes them. One that has users (family/users.ts), or that was shared by hand, stays until it has none.
 * WITHDRAW-3. The document in the bucket decides, before each change. One that cannot be read takes nothing away.
 * WITHDRAW-4. A refusal keeps nothing else from being withdrawn. It fails the run, which announces it; every night tries again.
 * WITHDRAW-5. A region is left while no promotion and no rollback moves the family of its copies.
 */
import * as z from "zod/mini";
import { apart } from "../../../shared/apart.ts";
import { joinReasons } from "../../../shared/budget.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { imageShares } from "../../../shared/cloud/ecs/shares.ts";
import {
  deliveredOf,
  forgetRegion,
  forgetShares,
  formerRegions,
  noteLeft,
} from "../../../shared/delivered.ts";
import { documentNames, loadRecipe } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { hours } from "../../../shared/duration.ts";
import { permanent } from "../../../shared/errors.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { dayOf } from "../../../shared/keys.ts";
import { Name } from "../../../shared/names.ts";
import { failureSends } from "../../../shared/notifications/subscriptions.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { isUpload, promoterOf, type Trigger } from "../../../shared/triggers.ts";
import {
  eventsWith,
  firstEvent,
  type EventOf,
  type WorkflowEvent,
} from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { subjectOf } from "../../../shared/workflow/run-id.ts";
import {
  done,
  failed,
  next,
  phase,
  type Completion,
  type Consequences,
  type Outcome,
  type RunRequest,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
import {
  deprecateOwn,
  firstChange,
  NO_CHANGE,
  placed,
  type Change,
  type Place,
} from "../family/deprecate.ts";
import { whileAtRest } from "../family/lock.ts";
import { ownImage } from "../family/own.ts";
import { homeOf } from "../family/served.ts";
import { takeBack } from "../family/take-back.ts";
import { usersIn } from "../family/users.ts";
import { copiesOf, dueWithdrawal, formerShares } from "./due.ts";

const Withdraw = eventsWith(z.strictObject({ recipe: Name }))("withdraw", {
  /** How many changes were made. */
  changes: z.int(),
});
type Withdraw = EventOf<typeof Withdraw>;

/** Why something is not withdrawn: the cloud refuses it, it is needed, or a run moves its family now. */
interface Left {
  readonly refused: string[];
  readonly stays: string[];
  readonly waits: string[];
}

interface Turn {
  readonly event: Withdraw;
  readonly left: Left;
  readonly ports: Ports;
}

async function withdrawNext(event: Withdraw, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { recipe } = event.input;
  const found = await loadRecipe(cloud, recipe);
  // WITHDRAW-3.
  if ("problem" in found) return failed(found.problem);
  const { document } = found;
  const delivered = await deliveredOf(cloud, recipe);
  const home = homeOf(ports);
  const turn = { event, ports, left: { refused: [], stays: [], waits: [] } };
  // Regions come last: a copy that is still shared would stay (WITHDRAW-2).
  const shares = formerShares(delivered, document, home).map((share) => () => takeShare(share, turn));
  const regions = formerRegions(delivered, document, home).map((region) => () => leaveRegion(region, turn));
  const change = await firstChange([...shares, ...regions], (act) => orRefused(act, turn.left));
  if (change.ok && change.value !== undefined)
    return next(Withdraw, { changes: event.changes + 1 }, { afterMs: PACE.step.firstMs, note: change.value });
  const { waits } = turn.left;
  return waits.length > 0 ? poll(event, clock, PACE.lock, waits.join("; ")) : ended(event, turn.left);
}

/** WITHDRAW-4. */
async function orRefused(act: () => Promise<Change>, { refused }: Left): Promise<Change> {
  try {
    const made = await act();
    if (made.ok) return made;
    refused.push(made.problem);
  } catch (error) {
    refused.push(permanent(error).message);
  }
  return NO_CHANGE;
}

/** WITHDRAW-1. */
async function takeShare(
  { accounts, ...place }: ReturnType<typeof formerShares>[number],
  { event, ports: { cloud } }: Turn,
): Promise<Change> {
  const { recipe } = event.input;
  const found = await ownImage(cloud, place);
  if (!found.ok) return found;
  if (found.value !== undefined) return takeBack(cloud, recipe, place, accounts);
  await forgetShares(cloud, recipe, place, accounts);
  return NO_CHANGE;
}

/** WITHDRAW-2. */
async function leaveRegion(region: string, turn: Turn): Promise<Change> {
  const { event, left, ports } = turn;
  const { cloud } = ports;
  const copies = await copiesOf(event.input.recipe, region, cloud);
  if (copies.length === 0) {
    await forgetRegion(cloud, event.input.recipe, region);
    return NO_CHANGE;
  }
  const available = copies.filter(({ status }) => status === "Available");
  if (available.length === 0) return NO_CHANGE;
  const usersOf = await usersIn(region, cloud);
  return firstChange(available, (copy) =>
    orRefused(async () => {
      const why = await reasonToStay(copy, region, usersOf(copy), cloud);
      if (why === undefined) return deprecateCopy({ region, imageId: copy.id }, turn);
      left.stays.push(`${placed({ region, imageId: copy.id })} stays: ${why}`);
      return NO_CHANGE;
    }, left),
  );
}

/** WITHDRAW-5. */
async function deprecateCopy(place: Place, { event, left, ports }: Turn): Promise<Change> {
  const { cloud } = ports;
  const [copy] = await describeImages(cloud, { ids: [place.imageId] }, place.region);
  if (copy === undefined) return NO_CHANGE;
  const families = copy.family === "" ? [] : [copy.family];
  const made = await whileAtRest(families, event.run, ports, async () => {
    await noteLeft(cloud, event.input.recipe, place.region);
    return deprecateOwn(cloud, copy, place.region);
  });
  if (made.ok) return made.value;
  left.waits.push(made.problem);
  return NO_CHANGE;
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

function ended({ input: { recipe }, changes }: Withdraw, { refused, stays }: Left): Outcome {
  const result = { recipe, changes, ...(stays.length > 0 && { stays }) };
  if (refused.length === 0) return done(result);
  const reason = `recipe ${recipe} has delivered more than it names now, and this is not withdrawn: ${joinReasons(refused)}; every night tries again`;
  return { ...failed(reason), result };
}

const Stays = z.looseObject({ stays: z.array(z.string()) });

/** Announces a failure each time, and what is needed once: when the document has changed. */
async function afterWithdrawal(
  event: WorkflowEvent,
  completion: Completion,
  { cloud, clock }: Ports,
): Promise<Consequences> {
  const stays = Stays.safeParse("result" in completion ? completion.result : undefined).data?.stays ?? [];
  const reason =
    completion.kind === "failed" ? completion.reason : `it is not withdrawn yet: ${joinReasons(stays)}`;
  if (completion.kind !== "failed" && (stays.length === 0 || !isUpload(event.by))) return {};
  const found = await loadRecipe(cloud, subjectOf(event.run));
  const channels = "document" in found ? found.document.notify : [];
  return { notifications: failureSends(event, reason, clock.now(), channels) };
}

const WithdrawRequest = z.strictObject({ ...requestShape, request: z.literal("withdraw"), recipe: Name });

export const withdrawal: Workflow = {
  kind: "withdraw",
  phases: [phase(Withdraw, { limitMs: hours(24), run: withdrawNext })],
  begin: (event) => {
    const { recipe } = parse(WithdrawRequest, event.input, "withdrawal");
    return firstEvent(Withdraw, event, { recipe }, { changes: 0 });
  },
  onComplete: afterWithdrawal,
};

/** The withdrawals of a night. A recipe that cannot be read is left out: its check reports what is wrong. */
export async function nightlyWithdrawals(trigger: Trigger, ports: Ports): Promise<readonly RunRequest[]> {
  const { cloud } = ports;
  const dueOf = async (name: string): Promise<readonly RunRequest[]> => {
    const found = await loadRecipe(cloud, name);
    return "document" in found ? dueWithdrawal(found.document, trigger, cloud) : [];
  };
  return (await apart(await documentNames(cloud, "recipes"), dueOf, ports)).flat();
}

/** The withdrawal after a promotion whose recipe has come to name less while it was at work. */
export async function withdrawalAfter(
  run: string,
  { name, promote }: Pick<Recipe, "name" | "promote">,
  { cloud }: Pick<Ports, "cloud">,
): Promise<readonly RunRequest[]> {
  const grants = (document: Pick<Recipe, "promote">) => [
    ...document.promote.regions,
    ...document.promote.accounts,
  ];
  const granted = grants({ promote });
  if (granted.length === 0) return [];
  const found = await loadRecipe(cloud, name);
  if ("problem" in found) return [];
  const now = new Set(grants(found.document));
  const cause = { by: promoterOf(run), at: dayOf(run) ?? 0, identity: [run] };
  return granted.every((one) => now.has(one)) ? [] : dueWithdrawal(found.document, cause, cloud);
}
