/** Consequences of an end: the same from the event of a run, and from its log when they were lost. */
import { test } from "vitest";
import { report } from "../../../../functions/janitor/documents/report.ts";
import { spread } from "../../../../functions/scale-out/spread/workflow.ts";
import type { Ports } from "../../../../shared/invocation.ts";
import { RequestEvent } from "../../../../shared/workflow/envelope.ts";
import { inputLine, standing } from "../../../../shared/workflow/run-log.ts";
import { done, failed } from "../../../../shared/workflow/workflow.ts";

const AT = Date.UTC(2026, 0, 5);
// Neither workflow asks the cloud.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
const ports = { clock: { now: () => AT } } as unknown as Ports;

test.for([
  {
    workflow: report,
    run: "check-web-20260105-0123456789ab",
    completion: failed("a mistake"),
    request: { v: 1, request: "report", key: "recipes/web.yaml", reason: "a mistake", channels: ["ops"] },
    count: { notifications: 2 },
  },
  {
    workflow: spread,
    run: "alerts-hub-20260105-0123456789ab",
    completion: done({}),
    request: {
      v: 1,
      request: "spread-alerts",
      shares: [
        { fleet: "web", alerts: [["a", 1]] },
        { fleet: "big", alerts: [["b", 2]] },
      ],
    },
    count: { runs: 2 },
  },
])("a lost end of $run is repeated with the same consequences", async (given, { expect }) => {
  const { workflow, run, completion, request, count } = given;
  const line = { ...inputLine("caller", request, AT), w: "writer" };
  const requested = standing(run, { lines: [{ line, position: 0 }], end: 100 })?.event;
  const begun = workflow.begin(RequestEvent.schema.parse(requested), ports);
  const first = await workflow.onComplete?.(begun, completion, ports);
  const again = await workflow.onComplete?.({ ...begun, input: request }, completion, ports);
  expect(again).toEqual(first);
  expect(first?.notifications?.length ?? first?.runs?.length).toBe(Object.values(count)[0]);
});
