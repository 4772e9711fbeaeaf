/** Every error that leaves a handler is in the log of its function: once, with its place in the run and in the source. */
import { logOf } from "../support/world.ts";
import { ALARM } from "../../shared/alarms.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test as base } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { json } from "../support/known.ts";
import { recipeText } from "../support/recipes.ts";
import { accepted, answered } from "../support/runs.ts";

interface ErrorLine {
  readonly alarm?: string;
  readonly function?: string;
  readonly run?: string;
  readonly error?: { readonly message: string };
  readonly stack?: readonly string[];
}

/** The error lines of each invocation of a function that failed, or answered an error. */
function errorLines({ cloud }: Deployment, name: string): ErrorLine[][] {
  return cloud.fc.invocations
    .filter((invocation) => invocation.function === `kiln-${name}`)
    .map(({ logs }) => logs.filter((line) => line.startsWith("{")).map((line): ErrorLine => JSON.parse(line)))
    .map((lines) => lines.filter((line) => line.alarm === ALARM.invocationFailed))
    .filter((lines) => lines.length > 0);
}

const refuseBucket = (kiln: Deployment, action: string, prefix: string) =>
  kiln.cloud.faults.add({
    product: "oss",
    action,
    kind: "before",
    fault: new CloudFault(403, "AccessDenied", "You have no right to access this object."),
    when: ({ key }) => key?.startsWith(prefix) === true,
  });

base(
  "a phase that throws logs one line per attempt: function, run, phase, sequence, attempt and source",
  async ({ kiln, expect }) => {
    // The lock of the recipe is broken, so its phase throws an error that is no refusal of the cloud.
    await kiln.upload("locks/bake-web.jsonl", "{\n");
    await kiln.upload("recipes/web.yaml", recipeText());
    await kiln.cloud.settle({ forMs: hours(1) });
    const [bake] = kiln.records("bake");
    expect(bake?.state).toBe("failed");
    const failed = kiln.cloud.fc.invocations.filter(
      ({ function: name, error }) => name === "kiln-bake-image" && error !== undefined,
    );
    expect(failed.length).toBeGreaterThan(1);
    const lines = errorLines(kiln, "bake-image");
    expect(lines.map(({ length }) => length)).toEqual(failed.map(() => 1));
    for (const [line] of lines) {
      expect(line).toMatchObject({
        function: "bake-image",
        run: bake?.run,
        phase: expect.any(String),
        seq: expect.any(Number),
        attempt: expect.any(Number),
        requestId: expect.any(String),
        error: { name: "EventError" },
      });
      expect(line?.stack?.join("\n")).toMatch(/shared\/workflow\/log\.ts:\d+/);
    }
  },
);

base(
  "the webhook logs an error that it answers with 500 or 503, and answers nothing of it",
  async ({ deploy, expect }) => {
    const broken = await deploy({ env: { KILN_CALLERS: '{"ci":{"secrets":["hunter2"]}}' } });
    await answered(broken, broken.call("POST", "/fleets/web/scale-out", { count: 1 }));
    const [[config] = []] = errorLines(broken, "webhook");
    expect(config).toMatchObject({ function: "webhook", method: "POST", path: "/fleets/web/scale-out" });
    expect(config?.stack?.join("\n")).toMatch(/shared\/env-json\.ts:\d+/);
    expect(JSON.stringify(config)).not.toContain("hunter2");
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText());
    refuseBucket(kiln, "AppendObject", "runs/");
    const { status } = await answered(kiln, kiln.call("POST", "/fleets/web/scale-out", { count: 1 }));
    expect(status).toBe(503);
    const lines = errorLines(kiln, "webhook");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveLength(1);
    expect(lines[0]?.[0]).toMatchObject({ caller: "ci", run: expect.stringMatching(/^scale-web-/) });
  },
);

base(
  "a notification that crashes the notifier is logged there, and by the janitor as lost",
  async ({ deploy, expect }) => {
    const kiln = await deploy();
    await kiln.invoke("kiln-notifier", { v: 1, request: "notify", channel: "ops", notification: "none" });
    await kiln.cloud.settle({ forMs: hours(1) });
    const lines = errorLines(kiln, "notifier");
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.flat().map((line) => line.error?.message)).toEqual(
      lines.map(() => "notifier cannot read this event: notification (invalid_type)"),
    );
    expect(logOf(kiln, "janitor")).toContain('\\"request\\":\\"notify\\"');
  },
);

base(
  "the janitor logs what it could not do for a dead event, with the run of that event",
  async ({ deploy, expect }) => {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText());
    const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
    kiln.cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "crash" });
    const isCrashed = () => kiln.cloud.callLog.count({ action: "RunInstances" }) > 0;
    await kiln.cloud.settle({ until: isCrashed, forMs: minutes(10) });
    // The function that crashes writes nothing any more; the janitor cannot write the cancellation.
    const heal = refuseBucket(kiln, "AppendObject", runKey(run));
    await kiln.cloud.settle({ until: () => errorLines(kiln, "janitor").length > 0, forMs: hours(1) });
    heal();
    await kiln.cloud.settle({ forMs: minutes(30) });
    const lines = errorLines(kiln, "janitor");
    expect(lines.map(({ length }) => length)).toEqual([1]);
    const [[line] = []] = lines;
    expect(line).toMatchObject({
      function: "janitor",
      run,
      phase: expect.any(String),
      reason: expect.stringMatching(/^kiln-scale-out: .* after \d attempts: /),
    });
    expect(line?.stack?.join("\n")).toMatch(/functions\/janitor\/dead-letters\/dead-letters\.ts:\d+/);
    // The launch came about, although its function crashed.
    expect(kiln.record(run)).toMatchObject({
      state: "done",
      result: { count: 1, why: expect.stringContaining("kiln-scale-out: ") },
    });
  },
);

/** The log lines of all functions that an alarm looks for. */
const alarmLines = ({ cloud }: Deployment, marker: string) =>
  cloud.fc.invocations
    .flatMap(({ logs }) => logs.filter((line) => line.includes(marker)))
    .map((line) => json<{ level: string; alarm: string; run?: string; reason?: string }>(line));

base(
  "each run that fails has one line for an alarm, with the run and the reason",
  async ({ kiln, expect }) => {
    await kiln.upload("fleets/web.yaml", fleetText());
    await kiln.upload("recipes/web.yaml", recipeText({ provision: ["false"] }));
    await kiln.upload("recipes/gone.yaml", recipeText({ rebake: false }));
    await kiln.upload("fleets/gone.yaml", fleetText({ idle: { signals: { cpuAverage: 5 } } }));
    const dry = await accepted(kiln, "/recipes/gone/bake", { dryRun: true });
    const dryStop = await accepted(kiln, "/fleets/gone/stop", { dryRun: true });
    const missing = await accepted(kiln, "/fleets/gone/scale-out", { count: 1 });
    for (const key of ["recipes/gone.yaml", "fleets/gone.yaml"]) kiln.cloud.oss.delete(BUCKET, key);
    await kiln.cloud.settle({ forMs: hours(1) });
    const failed = kiln
      .records()
      .filter(({ state, run }) => state === "failed" && run !== dry.run && run !== dryStop.run);
    expect(failed.map(({ run }) => run)).toContain(missing.run);
    expect(failed.some(({ kind }) => kind === "bake")).toBe(true);
    expect([kiln.record(dry.run)?.state, kiln.record(dryStop.run)?.state]).toEqual(["failed", "failed"]);
    const lines = alarmLines(kiln, ALARM.runFailed);
    const found = lines.map(({ level, alarm, run, reason }) => [level, alarm, run, reason].join(" "));
    const wanted = failed.map(({ run, reason }) => ["error", ALARM.runFailed, run, reason].join(" "));
    expect(found.toSorted()).toEqual(wanted.toSorted());
  },
);

base("a notification that reaches no channel has a line for an alarm", async ({ kiln, expect }) => {
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({ provision: ["false"], notify: [{ channel: "unknown" }] }),
  );
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(alarmLines(kiln, ALARM.notificationLost)).toMatchObject([{ level: "error", channel: "unknown" }]);
});
