/** Events of real runs: each field is parsed, so a value of any other JSON type is refused before a phase runs. */
import { expect as assert } from "vitest";
import { bake } from "../../functions/bake-image/bake/workflow.ts";
import { promotion } from "../../functions/promote-family/promotion/workflow.ts";
import { rollback } from "../../functions/promote-family/rollback/workflow.ts";
import { scaleOut as scaleOutWorkflow } from "../../functions/scale-out/scale-out/workflow.ts";
import { idleCheck } from "../../functions/stop-idle/idle-check/workflow.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { EventError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/invocation.ts";
import { REQUEST, RequestEvent } from "../../shared/workflow/envelope.ts";
import { kindOf } from "../../shared/workflow/run-id.ts";
import type { Workflow } from "../../shared/workflow/workflow.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { QUIET } from "../support/idle.ts";
import { check, idleFleet } from "../support/idle-fleet.ts";
import { known } from "../support/known.ts";
import { fieldsOf, otherKinds, replaced, valueAt } from "../support/json-fields.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";

/** Maps whose values are free: environment and tags are text, launch parameters belong to the request class. */
const FREE = /\.launch\.[^.]+(\..*)?$|^(result|.*\.result)(\..*)?$/;

/** One event of each phase, by workflow and phase. */
function eventsOf({ cloud }: Deployment, workflow: Workflow): Map<string, unknown> {
  const events = new Map<string, unknown>();
  for (const { payload } of cloud.fc.events) {
    const event: unknown = JSON.parse(payload.toString());
    const [run, phase] = [valueAt(event, ["run"]), valueAt(event, ["phase"])];
    if (typeof run === "string" && typeof phase === "string" && kindOf(run) === workflow.kind)
      events.set(phase, event);
  }
  return events;
}

const noPorts = known<Ports>({ cloud: { access: { stage: "" } } });

/** Whether an event is read; that of a request is read by the beginning of its workflow too. */
function isRead(workflow: Workflow, phase: string, event: unknown): boolean {
  if (phase !== REQUEST)
    return (
      workflow.phases.find(({ type }) => type.name === phase)?.type.schema.safeParse(event).success === true
    );
  const request = RequestEvent.schema.safeParse(event);
  if (!request.success) return false;
  try {
    workflow.begin(request.data, noPorts);
    return true;
  } catch (error) {
    if (error instanceof EventError) return false;
    throw error;
  }
}

/** The fields of the events of a workflow that accept a value of another type. */
function loose(kiln: Deployment, workflow: Workflow): string[] {
  const events = eventsOf(kiln, workflow);
  assert(events.size).toBeGreaterThan(2);
  return [...events].flatMap(([name, event]) => {
    assert(isRead(workflow, name, event)).toBe(true);
    return fieldsOf(event)
      .filter((path) => !FREE.test(path.join(".")))
      .flatMap((path) =>
        otherKinds(valueAt(event, path))
          .filter((other) => isRead(workflow, name, replaced(event, path, other)))
          .map((other) => `${name}: ${path.join(".")} = ${JSON.stringify(other)}`),
      );
  });
}

test("every field of the events of a bake, a promotion and a rollback is parsed", async ({
  kiln,
  expect,
}) => {
  await bakeAndPromote(kiln, recipeText());
  await request(kiln, "/families/web/rollback", { to: "previous" });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect([bake, promotion].flatMap((workflow) => loose(kiln, workflow))).toEqual([]);
  expect(rollback.phases.length).toBeGreaterThan(3);
});

test("every field of the events of a scale-out and an idle check is parsed", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 3);
  await check(kiln);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect([scaleOutWorkflow, idleCheck].flatMap((workflow) => loose(kiln, workflow))).toEqual([]);
});
