/** The steps of a bake from a builder, as they show in the world. */
import { TAG } from "../../../shared/tags.ts";
import { minutes } from "../../../shared/duration.ts";
import { commandsOf, machines, ownImages, tagsOf } from "../stage.ts";
import { broken, held, pending, see, type Step } from "../story.ts";
import type { Image } from "../../cloud/index.ts";

/** What a story learns while it watches a bake. */
export interface Baking {
  builder?: string;
  image?: Image;
}

/** Launch, set-up, stop, image, release. `publicFamily` is what the builder is to be launched from. */
export function watchBake(baking: Baking, publicFamily: string): readonly Step[] {
  return [
    builderStarts(baking, publicFamily),
    builderIsSetUp(baking),
    imageIsMade(baking),
    builderIsReleased(baking),
  ];
}

function builderStarts(baking: Baking, publicFamily: string): Step {
  return see(`a temporary builder starts from ${publicFamily}`, minutes(15), ({ cloud }) => {
    const [builder] = machines(cloud, "builder");
    if (builder === undefined) return pending("no builder yet");
    const { instanceId, autoReleaseAt, imageId, type, keyPairName, zoneId } = builder;
    baking.builder = instanceId;
    // The first sight of it is the event that made it: what it has now was in the create call.
    const tags = tagsOf(cloud, "instance", instanceId);
    if (autoReleaseAt === undefined) return broken(`${instanceId} was created without AutoReleaseTime`);
    if (tags[TAG.run] === undefined) return broken(`${instanceId} was created without the tag of its run`);
    if (keyPairName !== undefined) return broken(`${instanceId} has the key pair ${keyPairName}`);
    const family = cloud.world.image(cloud.region, imageId)?.family;
    if (family !== publicFamily) return broken(`${instanceId} is made of ${imageId} of family ${family}`);
    const left = Math.round((autoReleaseAt - cloud.time.now()) / minutes(1));
    return held(
      `${instanceId}, ${type.id} in ${zoneId}, of ${imageId}`,
      `tagged ${tags[TAG.run]}; the cloud itself would release it in ${left} min`,
    );
  });
}

function builderIsSetUp(baking: Baking): Step {
  return see("it is set up through Cloud Assistant, then stopped", minutes(60), ({ cloud }) => {
    const builder = cloud.world.instances.get(baking.builder ?? "");
    if (builder === undefined) return broken(`${baking.builder} was released before it was set up`);
    const commands = commandsOf(cloud, builder.instanceId);
    if (builder.status !== "Stopped") {
      const doing = commands.at(-1);
      return pending(doing ? `${doing.name}: ${doing.status}` : `${builder.instanceId} is ${builder.status}`);
    }
    const failed = commands.filter(({ status }) => status !== "Success");
    if (failed.length > 0) return broken(failed.map(({ name, status }) => `${name}: ${status}`).join(", "));
    if (commands.length === 0) return broken("it was stopped without a command");
    return held(...commands.map(({ name, exitCode }) => `${name} (exit code ${exitCode})`));
  });
}

function imageIsMade(baking: Baking): Step {
  return see("its image is made", minutes(60), ({ cloud }) => {
    const runOf = (image: Image) => tagsOf(cloud, "image", image.imageId)[TAG.run];
    const run = tagsOf(cloud, "instance", baking.builder ?? "")[TAG.run];
    const image = ownImages(cloud).find((one) => run !== undefined && runOf(one) === run);
    if (image === undefined) return pending("no image yet");
    baking.image = image;
    if (image.status === "CreateFailed") return broken(`${image.imageId} is CreateFailed: ${image.failure}`);
    if (image.status !== "Available") {
      return pending(`${image.imageId} ${image.status} ${cloud.world.progressOf(image)}`);
    }
    if (image.family !== "") return broken(`${image.imageId} is in family ${image.family} before its test`);
    return held(`${image.imageId} ${image.name} is Available, and in no family yet`);
  });
}

function builderIsReleased(baking: Baking): Step {
  return see("the builder is released", minutes(30), ({ cloud }) =>
    cloud.world.instances.has(baking.builder ?? "") ? pending("it is still there") : held(),
  );
}
