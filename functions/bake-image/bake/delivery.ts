/**
 * Whether an image that needs no new bake is delivered again: to its family, regions and accounts as the recipe names
 * them now.
 *
 * DELIVERY-1. The log of a promotion says where it delivered to: the recipe that it carried is compared with the current one. Only
 *     more than it delivered is due: less is withdrawn, which needs no promotion.
 * DELIVERY-2. A promotion that failed is repeated; the pause of the recipe bounds how often (PAUSE-1).
 * DELIVERY-3. A decision of an operator stands: after a rollback, a rejection or a cancellation, after a promotion by another
 *     recipe, and during a hold, nothing is delivered. Neither is an image whose promotion is at work or not known.
 * DELIVERY-6. An image that its family keeps (LOSS-1, LOSS-2) is not delivered to another one.
 * DELIVERY-4. A promotion that could not change every consumer is repeated.
 * DELIVERY-5. What was delivered and withdrawn since is due when it is named again.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { imageShares } from "../../../shared/cloud/ecs/shares.ts";
import { accountsOf, deliveredOf } from "../../../shared/delivered.ts";
import { cipherIn, type Encrypting } from "../../../shared/encryption.ts";
import { heldText, holdOf } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isRunId } from "../../../shared/names.ts";
import { redactedShort } from "../../../shared/redact.ts";
import { TAG } from "../../../shared/tags.ts";
import { readRunLog, standing, type RunLog } from "../../../shared/workflow/run-log.ts";
import { deliveryOf } from "../../../shared/workflow/run-id.ts";
import { lossOf } from "../../promote-family/family/loss.ts";
import type { LockedInput } from "./input.ts";

type Made = Pick<Image, "id" | "status" | "tags" | "family">;
type Asked = Pick<LockedInput, "recipe" | "document">;

/** `delivers`: the image to deliver again. `note` goes on from its id. */
export interface Delivery {
  readonly delivers?: string;
  /** An operator decides first. */
  readonly waits?: true;
  readonly note: string;
}

/** Undefined for an image that is where its recipe wants it. */
export async function dueDelivery(
  image: Made,
  asked: Asked,
  ports: Pick<Ports, "cloud" | "clock">,
): Promise<Delivery | undefined> {
  const { family } = asked.document;
  if (family === undefined || image.status !== "Available") return undefined;
  const found = await lookBack(image, { ...asked, family }, ports.cloud);
  if (found === undefined || "stays" in found) return found && { note: found.stays };
  const hold = await holdOf(family, ports);
  if (hold !== undefined) return { note: `which waits: ${heldText(family, hold)}` };
  const { regions } = asked.document.promote;
  const loss = await lossOf({ imageId: image.id, from: image.family, to: family, regions }, ports);
  return loss.ok
    ? { delivers: image.id, note: [found.again, ...loss.value].join("; ") }
    : { note: `which is not delivered: ${loss.problem}`, waits: true };
}

type Verdict = { readonly again: string } | { readonly stays: string } | undefined;
type Delivered = Asked & { readonly family: string };

/** Whether an image that its family never served is delivered again, as no operator has decided against it (DELIVERY-2). */
export async function isRepeated(image: Made, asked: Delivered, cloud: CloudClient): Promise<boolean> {
  const { [TAG.promotion]: status = "", [TAG.test]: test } = image.tags;
  if (test === "failed" || status.startsWith("promoted ")) return false;
  const verdict = await lookBack(image, asked, cloud);
  return verdict !== undefined && "again" in verdict;
}

async function lookBack(image: Made, asked: Delivered, cloud: CloudClient): Promise<Verdict> {
  const [word = "", run = ""] = (image.tags[TAG.promotion] ?? "").split(" ");
  switch (word) {
    case "":
      return neverPromoted(image, asked.recipe, cloud);
    case "held":
      return { again: `which waited until the hold of ${asked.family} was lifted` };
    case "promoted":
      return afterPromotion(run, image, asked, cloud);
    case "rolled-back":
      return undefined;
    default:
      return afterRun(run, await logOf(run, cloud));
  }
}

/** Empty for a run that is not known. */
const logOf = async (run: string, cloud: CloudClient): Promise<RunLog> =>
  isRunId(run) ? readRunLog(cloud, run) : { lines: [], end: 0 };

async function afterPromotion(
  run: string,
  image: Made,
  asked: Delivered,
  cloud: CloudClient,
): Promise<Verdict> {
  const now = standing(run, await logOf(run, cloud));
  const carried = Carried.safeParse(now?.event.input).data;
  // DELIVERY-3.
  if (carried !== undefined && carried.recipe !== asked.recipe)
    return { stays: `which an operator promoted into family ${carried.family} by recipe ${carried.recipe}` };
  const changes = carried === undefined ? [] : await changesSince(carried, image, asked, cloud);
  if (changes.length > 0) return { again: `whose delivery is another one now (${changes.join(", ")})` };
  const left = Incomplete.safeParse(now?.completion).data?.result.notUpdated;
  return (
    left && { again: `whose consumers were not all updated (${redactedShort(left.join("; "), REASON_MAX)})` }
  );
}

/** The run that its bake asked for may wait to begin, or have ended before it began. */
async function neverPromoted({ id, tags }: Made, recipe: string, cloud: CloudClient): Promise<Verdict> {
  const bake = tags[TAG.run] ?? "";
  const baked = standing(bake, await logOf(bake, cloud));
  if (baked === undefined) return { stays: `whose bake ${bake} is not known` };
  if (!baked.sent) return { stays: `whose bake ${bake} has not ended` };
  const run = deliveryOf(bake, recipe, id);
  const log = await readRunLog(cloud, run);
  return log.lines.length === 0 ? { again: "which was never promoted" } : afterRun(run, log);
}

const REASON_MAX = 160;

/** The step after a promotion that did not get its image into the family. */
function afterRun(run: string, log: RunLog): Verdict {
  const now = standing(run, log);
  if (now === undefined) return { stays: `whose promotion ${run} is not known` };
  const { completion } = now;
  if (completion === undefined) return { stays: `which is under promotion by ${run}` };
  if (completion.kind === "cancelled") return { stays: `whose promotion ${run} was cancelled` };
  const rejected = log.lines.flatMap(({ line }) =>
    line.kind === "answer" && line.answer === "reject" ? [line.by] : [],
  );
  if (rejected.length > 0) return { stays: `which was rejected by ${rejected.join(", ")}` };
  if (completion.kind === "done") return undefined;
  const short = redactedShort(completion.reason, REASON_MAX);
  return { again: `whose promotion ${run} failed (${short})` };
}

const Incomplete = z.looseObject({ result: z.looseObject({ notUpdated: z.array(z.string()) }) });

const Encryption = z.looseObject({
  everywhere: z.boolean(),
  keys: z.record(z.string(), z.string()),
  serviceKeyIn: z.optional(z.array(z.string())),
});

const Carried = z.looseObject({
  recipe: z.string(),
  family: z.string(),
  document: z.looseObject({
    encryption: z.optional(Encryption),
    promote: z.looseObject({
      regions: z.array(z.string()),
      accounts: z.array(z.string()),
      consumers: z._default(z.array(z.looseObject({ id: z.string(), region: z.optional(z.string()) })), []),
    }),
  }),
});

/** What the recipe names more than a promotion has delivered, in words. */
async function changesSince(
  { family: before, document: carriedDocument }: z.infer<typeof Carried>,
  { id }: Made,
  { family, recipe, document }: Delivered,
  cloud: CloudClient,
): Promise<string[]> {
  // Another source makes another image.
  const { source } = document;
  const { promote: carried, encryption } = carriedDocument;
  const { regions, accounts, consumers } = document.promote;
  const delivered = await deliveredOf(cloud, recipe);
  // DELIVERY-5.
  const there = carried.regions.filter((region) => !delivered.left.includes(region));
  const shared = await stillShared(id, carried.accounts, delivered, cloud);
  return [
    ...(before === family ? [] : [`family ${before} to ${family}`]),
    ...added(
      "regions",
      regionTexts(there, { source, encryption }, cloud),
      regionTexts(regions, document, cloud),
    ),
    ...added("accounts", shared, accounts),
    ...added("consumers", carried.consumers.map(consumerText), consumers.map(consumerText)),
  ];
}

/** DELIVERY-5. Those of the accounts that a promotion named which still have the image: by Kiln, or by hand. */
async function stillShared(
  imageId: string,
  accounts: readonly string[],
  delivered: Awaited<ReturnType<typeof deliveredOf>>,
  cloud: CloudClient,
): Promise<readonly string[]> {
  const { region } = cloud.access;
  const own = accountsOf(delivered, { region, imageId });
  const others = accounts.filter((account) => !own.includes(account));
  const now = others.length === 0 ? [] : await imageShares(cloud, imageId, region);
  return accounts.filter((account) => own.includes(account) || now.includes(account));
}

/** Regions with the key that copies are encrypted with there. */
const regionTexts = (
  regions: readonly string[],
  document: Encrypting,
  { access: { region: home } }: CloudClient,
): string[] =>
  regions.map((region) => {
    const cipher = region === home ? undefined : cipherIn(document, region, home);
    return cipher === undefined ? region : `${region} (${cipher.kmsKeyId ?? "service key"})`;
  });

const consumerText = ({
  id,
  region,
}: {
  readonly id: string;
  readonly region?: string | undefined;
}): string => (region === undefined ? id : `${id} in ${region}`);

function added(what: string, before: readonly string[], now: readonly string[]): string[] {
  const fresh = now.filter((one) => !before.includes(one));
  return fresh.length === 0 ? [] : [`${what} ${fresh.map((one) => `+${one}`).join(" ")}`];
}
