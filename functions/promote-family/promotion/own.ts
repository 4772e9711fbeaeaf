/**
 * The image of a promotion as it is right before a change (OWN-3).
 *
 * PROMOTED-1. At home it is this deployment's, and this run is its promotion: `check` has said so in a tag.
 * PROMOTED-2. Before it is copied, shared or joined to a family, its test has passed or its recipe skips it. Both are
 *     tags that phases of a promotion write.
 * PROMOTED-3. In another region it is a copy of that image.
 */
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { UnseenError } from "../../../shared/errors.ts";
import { problem, type Result } from "../../../shared/result.ts";
import { TAG } from "../../../shared/tags.ts";
import { placed, type Place } from "../family/deprecate.ts";
import { ownImage } from "../family/own.ts";
import { homeOf, SEEN_MS } from "../family/served.ts";
import { statusOf, TEST } from "../family/status.ts";
import type { WithRecipe } from "./input.ts";

interface Promoting {
  readonly run: string;
  readonly input: WithRecipe;
  readonly phaseStartedAt: number;
}

/** The image in its home region, undefined when it is gone. A problem when it must not be tested (PROMOTED-1). */
export const imageUnderPromotion = (event: Promoting, ports: Ports): Promise<Result<Image | undefined>> =>
  checked({ region: homeOf(ports), imageId: event.input.imageId }, event, ports, (image) =>
    notUnderWay(image, event.run),
  );

/** The image in a region, undefined when it is gone. A problem when it must not be promoted there. */
export const promotedImage = (
  place: Place,
  event: Promoting,
  ports: Ports,
): Promise<Result<Image | undefined>> =>
  checked(place, event, ports, (image) => {
    const { run, input } = event;
    if (place.region !== homeOf(ports))
      return image.tags[TAG.image] === input.imageId ? undefined : `is no copy of ${input.imageId}`;
    const { skip } = input.document.test;
    const test = image.tags[TAG.test];
    const isTested = test === TEST.passed || (skip && test === TEST.skipped);
    return notUnderWay(image, run) ?? (isTested ? undefined : "has not passed its test");
  });

function notUnderWay(image: Image, run: string): string | undefined {
  const status = statusOf(image);
  // A second delivery of a last phase has written the others before.
  const isUnderWay = status !== undefined && ["waiting", "held", "promoted"].includes(status.word);
  return isUnderWay && status.run === run ? undefined : `is not under promotion by ${run}`;
}

async function checked(
  place: Place,
  { phaseStartedAt }: Promoting,
  { cloud, clock }: Ports,
  refusal: (image: Image) => string | undefined,
): Promise<Result<Image | undefined>> {
  const found = await ownImage(cloud, place);
  const why = found.ok && found.value !== undefined ? refusal(found.value) : undefined;
  if (why === undefined) return found;
  const text = `${placed(place)} ${why}, as its tags say`;
  if (clock.now() - phaseStartedAt < SEEN_MS) throw new UnseenError(text);
  return problem(text);
}
