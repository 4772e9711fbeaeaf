import { envelopeOf } from "../support/records.ts";
/** Parameters of a bake: those that reach the builder, and those that are refused before anything is created. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";
import { accepted, answered, ended } from "../support/runs.ts";
import { ownImages, logOf } from "../support/world.ts";

const BAKE = "/recipes/web/bake";
const FORGED = "bake-web-20260105-0123456789ab";
const provision = [
  { name: "install", run: 'echo "$app_version $TIER" > /etc/seen', environment: { TIER: "front" } },
];
const text = recipeText({ provision, family: undefined, test: undefined, rebake: { nightly: false } });

/** Uploads the recipe and waits for the bake of the upload, so that a test sees only its own bakes. */
async function ready(kiln: Deployment): Promise<void> {
  kiln.cloud.oss.put(BUCKET, "recipes/web.json", text);
  await kiln.cloud.settle({
    until: () => kiln.records("bake").some(({ state }) => state === "done"),
    forMs: hours(2),
  });
  await kiln.cloud.settle({ forMs: minutes(3) });
}

const launches = ({ cloud }: Deployment): number => cloud.callLog.count({ action: "RunInstances" });

test("a parameter reaches the commands in addition to the recipe's own variables, in either case", async ({
  kiln,
  expect,
}) => {
  await ready(kiln);
  const { run } = await accepted(kiln, BAKE, { parameters: { app_version: "1.26" } });
  expect((await ended(kiln, run)).state).toBe("done");
  const made = ownImages(kiln).at(-1);
  const snapshot = kiln.cloud.world.snapshots.get(made?.disks[0]?.snapshotId ?? "");
  expect(snapshot?.content.files.get("/etc/seen")).toBe("1.26 front\n");
});

test("the webhook refuses a reserved parameter name, and no run starts", async ({ kiln, expect }) => {
  await ready(kiln);
  const before = [kiln.records().length, launches(kiln)];
  for (const name of ["BASH_ENV", "PATH", "LD_PRELOAD", "http_proxy", "NPM_CONFIG_REGISTRY"]) {
    const answer = await answered(
      kiln,
      kiln.call("POST", BAKE, { parameters: { RELEASE: "1", [name]: "x" } }),
    );
    expect(answer.status).toBe(400);
    expect(answer.body["error"]).toMatch(
      new RegExp(`^parameters\\.${name}: is reserved: .*; give the parameter another`),
    );
  }
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect([kiln.records().length, launches(kiln)]).toEqual(before);
});

test("a parameter that a step sets itself is refused; past the webhook its run fails before the launch", async ({
  kiln,
  expect,
}) => {
  await ready(kiln);
  const before = launches(kiln);
  const parameters = { TIER: "back", RELEASE: "2" };
  const refused = await answered(kiln, kiln.call("POST", BAKE, { force: true, parameters }));
  expect(refused).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/^parameters.TIER: /) },
  });
  await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "web", force: true, parameters });
  await kiln.cloud.settle({ forMs: hours(1) });
  const record = kiln.records("bake").at(-1);
  expect(record?.state).toBe("failed");
  expect(record?.reason).toBe(
    'parameters.TIER: provision[0] ("install") sets TIER under environment, and a parameter does not replace that; leave the parameter out, or remove TIER from the step',
  );
  expect(launches(kiln)).toBe(before);
});

test("a request that bypasses the webhook starts no run: the log names the parameter", async ({
  kiln,
  expect,
}) => {
  await ready(kiln);
  const before = [kiln.records().length, launches(kiln)];
  const parameters = { GIT_SSH_COMMAND: "id" };
  await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "web", force: true, parameters });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect([kiln.records().length, launches(kiln)]).toEqual(before);
  expect(logOf(kiln, "bake-image")).toContain("parameters.GIT_SSH_COMMAND: is reserved");
});

for (const phase of ["plan", "command"] as const) {
  test(`a forged event in phase ${phase} with a reserved name runs nothing`, async ({ kiln, expect }) => {
    await ready(kiln);
    const seen = () => kiln.cloud.callLog.count({ action: ["RunCommand", "RunInstances"] });
    const before = seen();
    const planned = kiln.cloud.fc.events.find(({ payload }) => payload.includes('"phase":"launch"'));
    const { input }: { input: { plan?: object } } = JSON.parse(planned?.payload.toString() ?? "{}");
    const { plan: _plan, ...unplanned } = input;
    const at = kiln.cloud.time.now();
    const envelope = { ...envelopeOf(FORGED, "invoke", at), seq: 4 };
    const state = phase === "command" ? { instanceId: "i-1", index: 0 } : {};
    await kiln.invoke("kiln-bake-image", {
      ...envelope,
      phase,
      input: { ...(phase === "plan" ? unplanned : input), parameters: { BASH_ENV: "$(id)" } },
      ...state,
    });
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(seen()).toBe(before);
  });
}
