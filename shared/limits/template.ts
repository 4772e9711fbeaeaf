/**
 * The part of a fleet that its launch template decides: every key that the fleet leaves out, payment included. Pure.
 *
 * TEMPLATE-1. What is sent overrules the template, so nothing is sent that neither of them says.
 * TEMPLATE-2. The rules of payment hold for both together: a subscription in a template needs allowSubscription too.
 * TEMPLATE-3. A run launches from one version, whatever the default version becomes meanwhile.
 */
import * as z from "zod/mini";
import type { TemplateVersion } from "../cloud/ecs/templates.ts";
import type { Fleet } from "../documents/fleet.ts";
import { subscriptionFindings } from "../documents/fleet-rules.ts";
import { asksForSpot, PAYMENT } from "../documents/launch-payment.ts";
import { ok, problem, type Result } from "../result.ts";
import { OWN_TAGS_MAX } from "../tags.ts";

// The catch of a schema, not of a promise.
// oxlint-disable-next-line promise/valid-params
const optional = <T extends z.core.SomeType>(field: T) => z.catch(z.optional(field), undefined);

/** The part of a version that Kiln reads, as the cloud shows it; fields that are not set are empty. */
const Data = z.object({
  InstanceChargeType: optional(z.enum(["PostPaid", "PrePaid"])),
  SpotStrategy: optional(z.enum(["NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"])),
  SpotPriceLimit: optional(z.coerce.number().check(z.positive())),
  Tags: optional(
    z.object({ InstanceTag: z.array(z.object({ Key: z.string(), Value: z._default(z.string(), "") })) }),
  ),
});

/** `fleet` with what the version decides, or a sentence without the fleet's name that says why it cannot be. */
export function withTemplate(fleet: Fleet, { version, data }: TemplateVersion): Result<Fleet> {
  const { launch } = fleet;
  const isLeftOut = launch.InstanceChargeType === undefined || launch.SpotStrategy === undefined;
  if (data === undefined && isLeftOut)
    return problem(
      "the cloud does not show the payment of its launch template; write launch.InstanceChargeType and launch.SpotStrategy",
    );
  const decided = Data.parse(data ?? {});
  const Tag = [...unused(decided.Tags?.InstanceTag ?? [], launch.Tag), ...launch.Tag];
  if (Tag.length > OWN_TAGS_MAX.member)
    return problem(
      `launch.Tag and its launch template together have ${Tag.length} tags, at most ${OWN_TAGS_MAX.member} are left beside those of Kiln`,
    );
  const complete = { ...launch, ...paymentOf(launch, decided), LaunchTemplateVersion: version, Tag };
  return withLadder({ ...fleet, launch: complete });
}

function paymentOf(launch: Fleet["launch"], decided: z.infer<typeof Data>) {
  const { InstanceChargeType = decided.InstanceChargeType ?? PAYMENT.InstanceChargeType } = launch;
  const { SpotStrategy = decided.SpotStrategy ?? PAYMENT.SpotStrategy } = launch;
  const { SpotPriceLimit = decided.SpotPriceLimit } = launch;
  const isLimited = SpotStrategy === "SpotWithPriceLimit" && SpotPriceLimit !== undefined;
  return { InstanceChargeType, SpotStrategy, ...(isLimited && { SpotPriceLimit }) };
}

type Tags = Fleet["launch"]["Tag"];

/** Tags of the template that neither the fleet nor Kiln sets. */
const unused = (tags: Tags, own: Tags): Tags =>
  tags.filter(({ Key }) => !Key.startsWith("kiln:") && !own.some((tag) => tag.Key === Key));

/** The fleet with the payments that are left, once its strategy is known (TEMPLATE-2). */
function withLadder(fleet: Fleet): Result<Fleet> {
  const ladder = asksForSpot(fleet.launch) ? fleet.ladder : fleet.ladder.filter((one) => one !== "spot");
  if (ladder.length === 0)
    return problem(
      "ladder names spot alone, and neither launch.SpotStrategy nor the launch template asks for it",
    );
  const { expireAfterMs: expireAfter } = fleet;
  const written = { ...fleet, ladder, ...(expireAfter !== undefined && { expireAfter }) };
  const [wrong] = subscriptionFindings(written);
  return wrong === undefined
    ? ok({ ...fleet, ladder })
    : problem(
        `its launch template sets InstanceChargeType: PrePaid, and ${wrong.at.join(".")} ${wrong.message}`,
      );
}
