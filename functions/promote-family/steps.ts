/**
 * A promotion: check → launch → boot → command ⇄ watch → discard → join → prove.
 *
 * P1. A fresh machine boots from the image and passes the recipe's tests before the family hears of it.
 * P2. A family is joined last; nothing but `join` changes what anybody else is served.
 * P3. It is proved: the family must answer with this image, or the run has failed.
 */
import { describeImages, familyImage, modifyImage } from "../../shared/cloud/images.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import type { PromoteEvent } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait, type Machine, type Outcome } from "../../shared/machine.ts";
import { discardFrom, TEMPORARY_LIMITS_MS, temporarySteps } from "../../shared/temporary.ts";
import { outranking, testerRental } from "./plan.ts";

type PromoteOutcome = Outcome<PromoteEvent>;

const giveUp = (event: PromoteEvent, reason: string): PromoteOutcome => {
  switch (event.phase) {
    case "join":
    case "prove":
      return failed(reason);
    case "discard": {
      const first = event.verdict.ok ? "" : `${event.verdict.reason}; `;
      return failed(`${first}${reason}; left behind for the sweep: ${event.instanceId ?? "nothing known"}`);
    }
    case "check":
    case "launch":
    case "boot":
    case "command":
    case "watch":
    case "rebooted":
      return next(discardFrom(event, { ok: false, reason }));
  }
};

const rented = temporarySteps<PromoteEvent>({
  rental: ({ job }) => {
    const rental = testerRental(job);
    if (rental === undefined) throw new TypeError(`recipe ${job.recipe} has no place to test in`);
    return rental;
  },
  commands: ({ job }) => job.document.test.commands,
  ready: (event, instanceId) =>
    next({ ...discardFrom(event, { ok: true, note: `${event.job.imageId} passed its tests` }), instanceId }),
  giveUp,
  released: async (event, { cloud }) => {
    if (event.phase !== "discard") throw new TypeError(`released in phase ${event.phase}`);
    const { verdict, job } = event;
    // A later bake asks for this: an image that failed is no reason to skip the next one.
    await tagResources(cloud, "image", [job.imageId], { [TAG.gate]: verdict.ok ? "passed" : "failed" });
    return verdict.ok ? next({ phase: "join" }, 0, verdict.note) : failed(verdict.reason);
  },
});

const steps: Machine<PromoteEvent, Ports>["steps"] = {
  ...rented,

  check: async (event, { cloud }) => {
    const { imageId, family, document, recipe } = event.job;
    const [image] = await describeImages(cloud, { ids: [imageId] });
    if (image === undefined) return failed(`image ${imageId} does not exist in ${cloud.access.region}`);
    if (image.status !== "Available" || !image.usable)
      return failed(`image ${imageId} is ${image.status}, not available`);
    const newer = outranking(image, await describeImages(cloud, { family }));
    if (newer) return failed(outranked(imageId, family, newer.id));
    if (document.test.skip) return next({ phase: "join" }, 0, "its recipe says test: skip");
    if (testerRental(event.job) === undefined) {
      return failed(
        `recipe ${recipe} has no builder, so test needs instanceTypes, vSwitchIds and securityGroupId (or skip: true)`,
      );
    }
    return next({ phase: "launch", rung: 0 });
  },

  join: async (event, { cloud }) => {
    const { imageId, family } = event.job;
    const [image] = await describeImages(cloud, { ids: [imageId] });
    if (image === undefined) return failed(`image ${imageId} is gone before it joined ${family}`);
    const newer = outranking(image, await describeImages(cloud, { family }));
    if (newer) return failed(outranked(imageId, family, newer.id));
    if (image.family !== family) await modifyImage(cloud, imageId, { family });
    return next({ phase: "prove" }, seconds(5), `${imageId} joins ${family}`);
  },

  prove: async (event, { cloud }) => {
    const { imageId, family } = event.job;
    const served = await familyImage(cloud, family);
    if (served?.id === imageId) return done({ family, imageId, proved: `${family} answers with ${imageId}` });
    if (served && served.createdAt > event.began) return failed(outranked(imageId, family, served.id));
    return wait(seconds(15), `family ${family} still answers with ${served?.id ?? "nothing"}`);
  },
};

const outranked = (imageId: string, family: string, newer: string): string =>
  `${imageId} would not be served: ${newer} in family ${family} is newer and available; deprecate it, or bake again`;

export const promote: Machine<PromoteEvent, Ports> = {
  steps,
  giveUp,
  limitsMs: { ...TEMPORARY_LIMITS_MS, check: minutes(30), join: minutes(30), prove: minutes(15) },
};
