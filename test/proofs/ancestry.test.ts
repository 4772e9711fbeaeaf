/** What an image was made of and what was made of it, over regions, and the plan of its recall. */
import { planOf } from "../../cli/commands/image.ts";
import type { Ancestry } from "../../functions/api/images/image.ts";
import { CloudFault } from "../cloud/index.ts";
import { ABROAD } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { known } from "../support/known.ts";
import { bakeAndPromote, quickRelease, recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";
import { HOME, imagesIn, launchTagged } from "../support/world.ts";

const builder = (from: object) => ({
  builder: {
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
    ...from,
  },
});

async function ancestryOf(kiln: Deployment, id: string): Promise<Ancestry> {
  const { status, body } = await answered(kiln, kiln.api("GET", `/images/${id}`));
  if (status !== 200) throw new Error(JSON.stringify(body));
  return known<Ancestry>(body);
}

const ids = (links: Ancestry["ancestors"]): string[] => links.map(({ imageId }) => imageId);

const FAMILY = "acs:alibaba_cloud_linux_3_2104_lts_x64";

/** An image with a copy, an image that is built on it, and a machine of that one. */
async function built(kiln: Deployment) {
  const promote = { regions: [ABROAD] };
  const web = await quickRelease(kiln, 1, { source: builder({ family: FAMILY }), promote });
  const text = recipeText({ family: "app", source: builder({ family: "web" }), test: { skip: true } });
  const runs = await bakeAndPromote(kiln, text, "app");
  const bake = runs.find(({ kind, subject }) => kind === "bake" && subject === "app");
  const app = String(bake?.result?.["imageId"]);
  return {
    root: kiln.cloud.world.served(HOME, FAMILY)?.imageId ?? "",
    web: web.imageId,
    copy: imagesIn(kiln, ABROAD)[0]?.imageId ?? "",
    app,
    machine: await launchTagged(kiln, {}, { ImageId: app }),
  };
}

test("an image leads back to its public root over copies and regions, or to where the chain is cut", async ({
  kiln,
  expect,
}) => {
  const { root, web, copy, app } = await built(kiln);
  const back = await ancestryOf(kiln, app);
  expect(ids(back.ancestors)).toEqual([app, web, root]);
  expect(back).toMatchObject({ root: `${root} is a public image`, descendants: [], unread: [] });
  expect(ids((await ancestryOf(kiln, copy)).ancestors)).toEqual([copy, web, root]);
  await answered(kiln, kiln.ecs("DeleteImage", { ImageId: web }));
  const cut = await ancestryOf(kiln, app);
  expect(ids(cut.ancestors)).toEqual([app]);
  expect(cut).toMatchObject({ cut: `${web} is deleted or not visible to this account` });
  expect(cut.root).toBeUndefined();
  expect((await answered(kiln, kiln.api("GET", "/images/m-none"))).status).toBe(404);
});

test("an image leads forth to copies, images, families, machines and recipes, and its recall is a plan of them", async ({
  kiln,
  expect,
}) => {
  const { root, web, copy, app, machine } = await built(kiln);
  const { descendants, families, recipes, machines } = await ancestryOf(kiln, root);
  expect(new Set(ids(descendants))).toEqual(new Set([web, app, copy]));
  expect(recipes).toEqual(["app", "web"]);
  const served = families.map(({ family, region, imageId }) => `${family} ${region} ${imageId}`);
  expect(new Set(served)).toEqual(
    new Set([
      `${FAMILY} ${HOME} ${root}`,
      `app ${HOME} ${app}`,
      `web ${HOME} ${web}`,
      `web ${ABROAD} ${copy}`,
    ]),
  );
  // The recipe that made an image, and its copy, is not built on it.
  expect((await ancestryOf(kiln, web)).recipes).toEqual(["app"]);
  const there = { imageId: app, region: HOME, machine: expect.stringContaining(machine) };
  expect(machines).toEqual(expect.arrayContaining([there]));
  const plan = planOf({ imageId: root, families, recipes, machines });
  const acts = plan.map(({ act, on }) => `${act} ${on.split(" ").slice(0, 2).join(" ")}`);
  expect(new Set(acts.slice(0, 4))).toEqual(new Set(["bake app", "bake web", "hold app", "hold web"]));
  expect(acts.slice(4)).toContain(`refresh instance ${machine}`);
});

test("a region that cannot be read is named, and an image there is not called deleted", async ({
  kiln,
  expect,
}) => {
  const { root, web, copy } = await built(kiln);
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeImages",
    kind: "before",
    fault: new CloudFault(403, "Broken", "This is broken."),
    when: ({ RegionId }) => RegionId === ABROAD,
  });
  const unread = [expect.stringMatching(`^images in ${ABROAD}: .*Broken`)];
  expect(await ancestryOf(kiln, web)).toMatchObject({ root: `${root} is a public image`, unread });
  expect(await ancestryOf(kiln, copy)).toMatchObject({
    ancestors: [],
    cut: expect.stringContaining("in a region that could not be read"),
    unread,
  });
});
