import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { recipeText } from "../support/recipes.ts";
import { leftovers, machines, ownImages } from "../support/world.ts";

test("a spot builder that the cloud takes back is replaced by an on-demand one, and the image is made", async ({
  kiln,
  expect,
}) => {
  const builder = {
    family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
    spot: true,
  };
  const provision = [{ run: "sleep 1200", timeout: "30m" }, "yum install -y nginx"];
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({ source: { builder }, provision, family: undefined, test: undefined }),
  );
  await kiln.cloud.settle({ until: () => machines(kiln).length === 1, forMs: minutes(30) });
  await kiln.cloud.settle({ forMs: minutes(5) });
  const [first] = machines(kiln);
  kiln.cloud.world.reclaim(first?.instanceId ?? "");
  await kiln.cloud.settle({ until: () => machines(kiln).length === 2, forMs: minutes(4) });
  expect(machines(kiln).map(({ spot }) => spot.strategy)).toEqual(["SpotAsPriceGo", "NoSpot"]);
  const ended = () => kiln.records("bake").some(({ state }) => state === "done" || state === "failed");
  await kiln.cloud.settle({ until: ended, forMs: hours(3) });
  const [bake] = kiln.records("bake");
  expect([bake?.state, bake?.reason]).toEqual(["done", undefined]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(ownImages(kiln)).toHaveLength(1);
  expect(leftovers(kiln)).toEqual([]);
});
