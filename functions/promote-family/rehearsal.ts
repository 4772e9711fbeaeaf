/**
 * Dry runs of a promotion and of a rollback. They read and decide as the runs themselves do and change nothing: no
 * claim is taken (the holder is reported instead), nothing is tagged, no channel is notified. What would end the
 * run before its first change ends the dry run with the same reason.
 */
import { holderOf } from "../../shared/claim.ts";
import { describeImages, familyImage, type Image } from "../../shared/cloud/images.ts";
import { imageShares } from "../../shared/cloud/shares.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { At, Demoted, PromoteEvent, PromoteJob } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, failed, type Outcome } from "../../shared/machine.ts";
import { rehearseLaunch } from "../../shared/rehearsal.ts";
import { jobByHand } from "./by-hand.ts";
import { copiesIn, copyOf } from "./copies.ts";
import { admit, gateCommands, testedOf } from "./gate.ts";
import { outrankedBy, outranking, testerRental } from "./plan.ts";
import { claimOf, homeOf, joinOrder } from "./regions.ts";
import { placed, planBack, planUndo } from "./rollback-aim.ts";

type RehearsalOutcome = Outcome<PromoteEvent>;

async function rehearse(event: At<"rehearse">, ports: Ports): Promise<RehearsalOutcome> {
  const job = await jobByHand(event.job, ports);
  if (typeof job === "string") return failed(job);
  const admitted = await admit(job, ports);
  if (typeof admitted === "string") return failed(admitted);
  const gate = await rehearseGate(event, job, admitted.image, ports);
  if ("problem" in gate) return failed(gate.problem);
  const moves = await movesOf(job, admitted.image, ports);
  if (typeof moves === "string") return failed(moves);
  const { approval } = job.document.promote;
  const { family, imageId } = job;
  return done({
    dryRun: true,
    family,
    imageId,
    ...gate,
    ...(approval && { asks: `for approval, within ${formatDuration(approval.withinMs)}` }),
    ...(await standsNow(family, joinOrder(job, homeOf(ports)), ports)),
    ...moves,
  });
}

/** The test machine as the cloud would launch it, and what would run on it. */
async function rehearseGate(
  event: At<"rehearse">,
  job: PromoteJob,
  image: Image,
  ports: Ports,
): Promise<{ readonly problem: string } | { readonly test: unknown }> {
  const tested = testedOf(image, ports.clock.now());
  const rental = testerRental({ ...job, tested });
  if (job.document.test.skip || rental === undefined) return { test: "its recipe says test: skip" };
  const launch = await rehearseLaunch(event, rental, ports.cloud);
  if ("problem" in launch) return launch;
  return { test: { ...launch, commands: gateCommands({ ...job, tested }).map(({ name }) => name) } };
}

/** What every region would see; a reason when one of them could not move. */
async function movesOf(job: PromoteJob, image: Image, ports: Ports) {
  const { cloud } = ports;
  const { accounts, outranked } = job.document.promote;
  const home = homeOf(ports);
  const wouldCopy: string[] = [];
  const copies: Record<string, string> = {};
  const wouldJoin: string[] = [];
  const wouldShare: string[] = [];
  const giveWay: Demoted[] = [];
  for (const region of joinOrder(job, home)) {
    const own = region === home ? image : copyOf(image.id, await copiesIn(region, ports));
    const name = own === undefined ? `the copy in ${region}` : placed({ imageId: own.id, region });
    const shared = own === undefined || accounts.length === 0 ? [] : await imageShares(cloud, own.id, region);
    const add = accounts.filter((account) => !shared.includes(account));
    if (add.length > 0) wouldShare.push(`${name} with ${add.join(", ")}`);
    if (own?.family !== job.family) wouldJoin.push(name);
    // A copy made now is newer than all that is there, so nothing has to give way to it.
    if (own === undefined) wouldCopy.push(region);
    else {
      if (region !== home) copies[region] = own.id;
      const newer = outranking(own, await describeImages(cloud, { family: job.family }, region));
      const newest = newer.at(-1);
      if (newest && outranked === "stop") return outrankedBy(own.id, job.family, newest, ` in ${region}`);
      for (const { id: imageId } of newer)
        giveWay.push({ region, imageId, accounts: await imageShares(cloud, imageId, region) });
    }
  }
  const gone = giveWayOf(giveWay);
  return { copies, wouldCopy, wouldShare, wouldJoin, wouldDeprecate: gone.images, ...gone.unshared };
}

/** What is deprecated, and who loses it by that: a shared image cannot be deprecated. */
function giveWayOf(demoted: readonly Demoted[]) {
  const shared = demoted.filter(({ accounts }) => accounts.length > 0);
  const wouldUnshare = shared.map((one) => `${placed(one)} from ${one.accounts.join(", ")}`);
  return { images: demoted.map(placed), unshared: wouldUnshare.length > 0 && { wouldUnshare } };
}

/** What the family answers with in each region, and the run that the real one would wait for. */
async function standsNow(family: string, regions: readonly string[], { cloud, clock }: Ports) {
  const serves: Record<string, string> = {};
  for (const region of regions) {
    const image = await familyImage(cloud, family, region);
    if (image) serves[region] = image.id;
  }
  const holder = await holderOf(cloud, claimOf(family), clock.now());
  return { serves, ...(holder !== undefined && { waitsFor: holder }) };
}

async function rehearseRollback(event: At<"rehearseRollback">, ports: Ports): Promise<RehearsalOutcome> {
  return event.job.undo ? rehearseUndo(event, ports) : rehearseBack(event, ports);
}

async function rehearseBack({ job }: At<"rehearseRollback">, ports: Ports): Promise<RehearsalOutcome> {
  const plan = await planBack(job, ports);
  if (typeof plan === "string") return failed(plan);
  const { targets, list } = plan;
  const home = homeOf(ports);
  const gone = giveWayOf(list.demoted);
  // An undo finds a rollback by what it deprecated at home.
  const undoable = list.demoted.some(({ region }) => region === home);
  return done({
    dryRun: true,
    family: job.family,
    imageId: targets[home],
    regions: targets,
    ...(await standsNow(job.family, Object.keys(targets), ports)),
    wouldStepBack: gone.images,
    ...gone.unshared,
    ...(undoable && { undoWouldRestore: list.served }),
  });
}

async function rehearseUndo({ job }: At<"rehearseRollback">, ports: Ports): Promise<RehearsalOutcome> {
  const plan = await planUndo(job, ports);
  if (typeof plan === "string") return failed(plan);
  const { targets, demoted, rolledBackBy } = plan;
  const shared = demoted.filter(({ accounts }) => accounts.length > 0);
  const wouldShare = shared.map((one) => `${placed(one)} with ${one.accounts.join(", ")}`);
  return done({
    dryRun: true,
    family: job.family,
    imageId: targets[homeOf(ports)],
    regions: targets,
    undoes: rolledBackBy,
    ...(await standsNow(job.family, Object.keys(targets), ports)),
    wouldBringBack: demoted.map(placed),
    ...(wouldShare.length > 0 && { wouldShare }),
  });
}

export const rehearsalSteps = { rehearse, rehearseRollback };
