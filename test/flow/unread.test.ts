/** Objects that no function reads, and channels that no deployment has: reported once, and nothing else happens. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { startChannel } from "../support/channel.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { recipeText } from "../support/recipes.ts";

const nightly = async (kiln: Deployment) => {
  await kiln.invoke("kiln-janitor", { v: 1, request: "check", key: "*" });
  await kiln.cloud.settle({ forMs: minutes(2) });
};

/** The objects that the reports are about, sorted. */
const reported = (kiln: Deployment) =>
  kiln
    .records("check")
    .map(({ reason }) => /^\S+?(?=: )/.exec(reason ?? "")?.[0] ?? "")
    .toSorted();

test("an object that no function reads is reported once, whenever it is found, and again when it changes", async ({
  deploy,
  expect,
}) => {
  const channel = await startChannel();
  const channels = { default: { kind: "json", url: `${channel.url}/default` } };
  const kiln = await deploy({ env: { KILN_CHANNELS: JSON.stringify(channels) } });
  const at = ["disks/app.vhd", "disks/app/app.vmdk", "fleets/web.txt", "recipes/web.YAML"];
  const quiet = ["recipe/web.yaml", "web.yaml"];
  for (const key of [...at, ...quiet, "scripts/a.yaml", "inputs/b.json"])
    await kiln.upload(key, "family: web\n");
  // Behind a page of objects of Kiln and of a user.
  for (let n = 0; n < 250; n++) kiln.cloud.oss.put(BUCKET, `inputs/${n}`, "x");
  await kiln.cloud.settle({ forMs: minutes(2) });
  // Uploads to these folders are seen at once.
  expect(reported(kiln)).toEqual(at);
  for (let night = 0; night < 2; night++) await nightly(kiln);
  expect(reported(kiln)).toEqual([...at, ...quiet].toSorted());
  expect(channel.posted).toHaveLength(6);
  expect(channel.posted.map(({ body }) => body.title)).toContain(
    "recipe/web.yaml: check of the document failed",
  );
  expect(kiln.records("bake")).toEqual([]);
  await kiln.cloud.settle({ forMs: hours(1) });
  for (const key of [...at, ...quiet]) await kiln.upload(key, "family: web\n");
  await nightly(kiln);
  expect(channel.posted).toHaveLength(6);
  await kiln.upload("web.yaml", "family: changed\n");
  kiln.cloud.oss.delete(BUCKET, "recipe/web.yaml");
  for (let night = 0; night < 2; night++) await nightly(kiln);
  expect(reported(kiln)).toEqual([...at, ...quiet, "web.yaml"].toSorted());
  await kiln.upload("fleets/web.txt", "other\n");
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.upload("fleets/web.txt", "family: web\n");
  await kiln.cloud.settle({ forMs: minutes(2) });
  const back = ["fleets/web.txt", "fleets/web.txt"];
  expect(reported(kiln)).toEqual([...at, ...quiet, ...back, "web.yaml"].toSorted());
  await channel.close();
});

test("a checksum, a signature or a log beside a disk is one line of a log, and no run, alarm or failure", async ({
  deploy,
  expect,
}) => {
  const channel = await startChannel();
  const channels = { default: { kind: "json", url: `${channel.url}/default` } };
  const kiln = await deploy({ env: { KILN_CHANNELS: JSON.stringify(channels) } });
  const keys = ["SHA256SUMS", "a.raw.asc", "a.raw.sig", "CHECKSUM", "build.log", "a.raw.sha256"].map(
    (name) => `disks/app/${name}`,
  );
  for (const key of keys) await kiln.upload(key, "0123  a.raw\n");
  await kiln.cloud.settle({ forMs: minutes(2) });
  await nightly(kiln);
  const said = kiln.cloud.fc.invocations.flatMap(({ logs }) => logs).map((line) => JSON.stringify(line));
  for (const key of keys) {
    const lines = said.filter((line) => line.includes(key));
    expect(lines, key).toHaveLength(1);
    expect(lines[0], key).toMatch(/ignored.*(?:starts no bake|a bake of the disk beside it compares it)/);
  }
  expect(kiln.records()).toEqual([]);
  expect(channel.posted).toEqual([]);
  await channel.close();
});

test("a second object with the name of a document is reported once, by the event and by the look at all, and bakes nothing", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("recipes/app.yml", recipeText());
  await kiln.upload("fleets/web.json", fleetText());
  await kiln.cloud.settle({ forMs: minutes(2) });
  const baked = kiln.records("bake").length;
  await kiln.upload("recipes/app.json", recipeText({ family: "other" }));
  // It counts before the one that was there, whose place it takes.
  kiln.cloud.oss.put(BUCKET, "fleets/web.yaml", fleetText());
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(kiln.records("bake")).toHaveLength(baked);
  for (let night = 0; night < 2; night++) await nightly(kiln);
  expect(reported(kiln)).toEqual(["fleets/web.json", "recipes/app.json"]);
  expect(kiln.records("check").map(({ reason }) => reason)).toContain(
    "recipes/app.json: no function reads it as long as recipes/app.yml is there, which has the same name; delete from the bucket the one that is not meant",
  );
  await kiln.upload("recipes/app.yaml", recipeText());
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(kiln.records("bake")).toHaveLength(baked + 1);
  await nightly(kiln);
  expect(reported(kiln)).toEqual(["fleets/web.json", "recipes/app.json", "recipes/app.yml"]);
});

test("a document whose channel the deployment does not have is reported to those it has, and its runs go on", async ({
  deploy,
  expect,
}) => {
  const channel = await startChannel();
  const channels = {
    ops: { kind: "json", url: `${channel.url}/ops` },
    default: { kind: "json", url: `${channel.url}/default` },
  };
  const kiln = await deploy({ env: { KILN_CHANNELS: JSON.stringify(channels) } });
  await kiln.upload("fleets/web.yaml", fleetText({ notify: ["ops", "opss"] }));
  await kiln.upload("recipes/app.yaml", recipeText({ notify: [{ channel: "ops", events: ["failed"] }] }));
  await kiln.cloud.settle({ forMs: seconds(30) });
  await nightly(kiln);
  expect(kiln.records("check")).toMatchObject([
    {
      state: "failed",
      reason:
        "fleets/web.yaml: notify: KILN_CHANNELS has no channel opss (did you mean ops?); it has ops, default: add the channel and deploy again, or correct notify",
    },
  ]);
  expect(channel.posted.map(({ path }) => path).toSorted()).toEqual(["/default", "/ops"]);
  expect((await scaleOut(kiln, { count: 1 })).state).toBe("done");
  await channel.close();
});
