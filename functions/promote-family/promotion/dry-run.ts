/**
 * The dry run of a promotion: it reads and decides like the promotion and changes nothing. No lock is acquired
 * (its holder is reported), nothing is tagged and no channel is notified. A reason that would end the promotion
 * before its first change ends the dry run.
 */
import { imageShares } from "../../../shared/cloud/ecs/shares.ts";
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { formatDuration, minutes } from "../../../shared/duration.ts";
import { dryRunLaunch } from "../../../shared/ephemeral-instance/dry-run.ts";
import { heldText, holdOf } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok, type Result } from "../../../shared/result.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { done, failed, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { deprecationPlan, missingShares, placed, type Deprecation } from "../family/deprecate.ts";
import { outdatedConsumers } from "../family/consumers.ts";
import { familyNow } from "../family/lock.ts";
import { homeOf } from "../family/served.ts";
import { checkImage } from "./check.ts";
import { copiesIn, usableCopy } from "./copies.ts";
import { testCommands, testInstanceSpec } from "./image-test.ts";
import { Requested, withRecipe, type Checked, copyRegions, ownMembers, supersedingIn } from "./input.ts";

/** The only phase of its run. */
export const DryRun = eventsWith(Requested)("dry-run", {});
type DryRun = EventOf<typeof DryRun>;

async function previewPromotion(event: DryRun, ports: Ports): Promise<Outcome> {
  const loaded = await withRecipe(event.input, ports);
  if (!loaded.ok) return failed(loaded.problem);
  const checked = await checkImage({ run: event.run, input: loaded.value }, ports);
  if (!checked.ok) return failed(checked.problem);
  const { input, image } = checked.value;
  const test = await previewTest(event, input, ports);
  if (!test.ok) return failed(test.problem);
  const moves = await previewMoves(input, image, ports);
  if (!moves.ok) return failed(moves.problem);
  const { approval } = input.document.promote;
  const hold = await holdOf(input.family, ports);
  const { family, imageId } = input;
  const home = homeOf(ports);
  const targets = {
    ...Object.fromEntries(copyRegions(input, home).map((to) => [to, moves.value.copies[to]])),
    [home]: imageId,
  };
  const wouldUpdate = await outdatedConsumers([input.recipe], family, targets, ports);
  return done({
    dryRun: true,
    family,
    imageId,
    test: test.value,
    ...(hold && { held: heldText(input.family, hold) }),
    ...(approval && { asks: `for approval, within ${formatDuration(approval.withinMs)}` }),
    ...(await familyNow(family, [...copyRegions(input, home), home], ports)),
    ...moves.value,
    ...(input.leaves && { wouldLose: input.leaves }),
    ...(wouldUpdate.length > 0 && { wouldUpdate }),
  });
}

/** The test instance as the cloud would launch it, and the commands that would run on it. */
async function previewTest(event: DryRun, input: Checked, ports: Ports): Promise<Result<unknown>> {
  if (input.document.test.skip) return ok("its recipe says test: skip");
  const launch = await dryRunLaunch(event, testInstanceSpec(input), ports);
  if (!launch.ok) return launch;
  return ok({ ...launch.value, commands: testCommands(input).map(({ name }) => name) });
}

/** The changes in every region. A problem when one of them could not move. */
async function previewMoves(input: Checked, image: Image, ports: Ports) {
  const home = homeOf(ports);
  const copies: Record<string, string> = {};
  const wouldCopy: string[] = [];
  const wouldShare: string[] = [];
  const wouldJoin: string[] = [];
  const newer: Deprecation[] = [];
  for (const region of [...copyRegions(input, home), home]) {
    const own =
      region === home ? image : await usableCopy(input, region, await copiesIn(region, ports.cloud), ports);
    const name = own === undefined ? `the copy in ${region}` : placed({ imageId: own.id, region });
    const add = await accountsToAdd(region, own, input, ports);
    if (add.length > 0) wouldShare.push(`${name} with ${add.join(", ")}`);
    if (own?.family !== input.family) wouldJoin.push(name);
    if (own === undefined) {
      const members = await ownMembers(region, input.family, ports.cloud);
      if (!members.ok) return members;
      // A copy made now is newer than every member, so none is deprecated for it.
      wouldCopy.push(region);
      continue;
    }
    if (region !== home) copies[region] = own.id;
    const superseding = await supersedingIn(region, own, input, ports);
    if (!superseding.ok) return superseding;
    for (const { id: imageId } of superseding.value)
      newer.push({ region, imageId, accounts: await imageShares(ports.cloud, imageId, region) });
  }
  const { images, unshared } = deprecationPlan(newer);
  return ok({ copies, wouldCopy, wouldShare, wouldJoin, wouldDeprecate: images, ...unshared });
}

async function accountsToAdd(
  region: string,
  own: Image | undefined,
  { document }: Checked,
  { cloud }: Ports,
) {
  const { accounts } = document.promote;
  return own === undefined ? accounts : missingShares(cloud, accounts, { region, imageId: own.id });
}

export const dryRun = phase(DryRun, { limitMs: minutes(30), run: previewPromotion });
