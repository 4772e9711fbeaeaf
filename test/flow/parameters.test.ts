/** Parameters of a bake: which reach the builder, and which end the run before anything is there. */
import { hours, minutes } from "../../shared/duration.ts";
import { BUCKET } from "../deployment.ts";
import { accepted, answered, ended } from "./fleet.ts";
import { ownImages, recipeText, test } from "./fixture.ts";
import type { Deployment } from "../deployment.ts";

const BAKE = "/recipes/web/bake";
const FORGED = "bake-web-20260105-0123456789ab";
const provision = [
  { name: "install", run: 'echo "$app_version $TIER" > /etc/seen', environment: { TIER: "front" } },
];
const text = recipeText({ provision, family: undefined, test: undefined, rebake: { nightly: false } });

/** The recipe is there, and what its upload baked is over: only what a test asks for counts. */
async function ready(kiln: Deployment): Promise<void> {
  kiln.cloud.oss.put(BUCKET, "recipes/web.json", text);
  await kiln.cloud.settle({
    until: () => kiln.records("bake").some(({ state }) => state === "done"),
    forMs: hours(2),
  });
  await kiln.cloud.settle({ forMs: minutes(3) });
}

const launches = ({ cloud }: Deployment): number =>
  cloud.calls.filter(({ action }) => action === "RunInstances").length;

test("a parameter reaches the commands beside what the recipe sets, in either case", async ({
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

test("a name that a program reads is refused at the door, whole, and no run begins", async ({
  kiln,
  expect,
}) => {
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

test("a parameter the recipe sets itself ends the run before a builder is there, with the step and the variable", async ({
  kiln,
  expect,
}) => {
  await ready(kiln);
  const before = launches(kiln);
  const { run } = await accepted(kiln, BAKE, { force: true, parameters: { TIER: "back", RELEASE: "2" } });
  const record = await ended(kiln, run);
  expect(record.state).toBe("failed");
  expect(record.reason).toBe(
    'parameters.TIER: provision[0] ("install") sets TIER itself, under environment, and a parameter does not replace that; leave the parameter out, or remove TIER from the step',
  );
  expect(launches(kiln)).toBe(before);
});

test("a request past the door begins no run: it is kept among the failures, with the name", async ({
  kiln,
  expect,
}) => {
  await ready(kiln);
  const before = [kiln.records().length, launches(kiln)];
  const parameters = { GIT_SSH_COMMAND: "id" };
  await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "web", force: true, parameters });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect([kiln.records().length, launches(kiln)]).toEqual(before);
  const [kept] = kiln.cloud.oss.list(BUCKET, "failures/");
  expect(kept?.body.toString()).toContain("parameters.GIT_SSH_COMMAND: is reserved");
});

for (const phase of ["plan", "command"] as const) {
  test(`an event in its ${phase} phase is no way around it: the run fails and runs nothing`, async ({
    kiln,
    expect,
  }) => {
    await ready(kiln);
    const seen = () =>
      kiln.cloud.calls.filter(({ action }) => /^Run(Command|Instances)$/.test(action)).length;
    const before = seen();
    const planned = kiln.cloud.fc.events.find(({ payload }) => payload.includes('"phase":"launch"'));
    const { job } = JSON.parse(planned?.payload.toString() ?? "{}") as { job: object };
    const at = kiln.cloud.time.now();
    const line = {
      v: 1,
      run: FORGED,
      seq: 4,
      notBefore: at,
      began: at,
      since: at,
      tries: 0,
      by: "invoke",
      trail: [],
    };
    const state = phase === "command" ? { instanceId: "i-1", index: 0 } : {};
    await kiln.invoke("kiln-bake-image", {
      ...line,
      phase,
      job: { ...job, parameters: { BASH_ENV: "$(id)" } },
      ...state,
    });
    const record = await ended(kiln, FORGED);
    expect(record.state).toBe("failed");
    expect(record.reason).toMatch(/^parameters\.BASH_ENV: is reserved: shells read/);
    expect(seen()).toBe(before);
  });
}
