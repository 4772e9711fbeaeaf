/** Texts that are cut: a secret across the cut leaves no half, which is not found later. */
import { afterEach } from "vitest";
import { dueDelivery } from "../../../functions/bake-image/bake/delivery.ts";
import { initialProgress, withNotes } from "../../../functions/scale-out/scale-out/events.ts";
import { joinReasons } from "../../../shared/budget.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { DocumentError } from "../../../shared/errors.ts";
import { runKey } from "../../../shared/keys.ts";
import { sendsTo } from "../../../shared/notifications/subscriptions.ts";
import { real } from "../../../shared/ports.ts";
import { know, knowOnly } from "../../../shared/redact.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { changeLine, recordOf, type Line, type RunLog } from "../../../shared/workflow/run-log.ts";
import { recipeText } from "../../support/recipes.ts";
import { connected, onCloud as test } from "../cloud-layer/connected.ts";

const SECRET = "correct-horse-battery-staple";
// The other tests of this process know nothing of it.
afterEach(() => knowOnly([]));

const RUN = "promote-web-20260105-0123456789ab";
const base = { w: "w", at: 0, seq: 1 };
const EVENT: WorkflowEvent = {
  v: 2,
  run: RUN,
  seq: 1,
  position: 1,
  by: "timer",
  phase: "a",
  input: {},
  runAt: 0,
  startedAt: 0,
  phaseStartedAt: 0,
  attempt: 0,
};
const input: Line = { ...base, seq: 0, kind: "input", by: "timer", due: 0, input: {} };
const logOf = (...lines: Line[]): RunLog => ({
  lines: lines.map((line, position) => ({ line, position })),
  end: 1,
});

const CUT: readonly (readonly [what: string, (text: string) => unknown])[] = [
  [
    "the reason of a notification",
    (reason) => sendsTo(["ops"], { kind: "failed", run: RUN, subject: "web", by: "timer", at: 0, reason }),
  ],
  ["a list of reasons", (reason) => joinReasons([reason])],
  ["the note of a step", (note) => changeLine(EVENT, "a", EVENT, { kind: "wait", note, at: 0 })],
  [
    "the steps of a record",
    (reason) => recordOf(RUN, logOf(input, { ...base, kind: "failed", reason }))?.steps,
  ],
  ["a problem of a document", (message) => new DocumentError("web", [{ path: "a", message }]).message],
  ["a note of a scale-out", (note) => withNotes(initialProgress("m-1"), note).notes],
];

/** Whatever the length of the cut, one of these has it inside of the secret. */
const across = Array.from(
  { length: 1_600 / 8 },
  (_, n) => `${"x".repeat(n * 8)}${SECRET}${"y".repeat(3_000)}`,
);

test.for(CUT)("%s", ([, shown], { expect }) => {
  know([SECRET]);
  for (const text of across) expect(JSON.stringify(shown(text))).not.toContain(SECRET.slice(0, 4));
});

test("the failed promotion that a bake repeats", async ({ cloud, expect }) => {
  const ports = { cloud: connected(cloud), clock: real.clock };
  const image = { id: "m-1", status: "Available", family: "", tags: { "kiln:promotion": `failed ${RUN}` } };
  const document = parseRecipe("web", recipeText({ family: "web" }));
  for (const n of [150, 155, 158]) {
    const reason = `${"x".repeat(n)}${SECRET}`;
    const lines = [input, { ...base, kind: "failed", reason }];
    cloud.oss.put("kiln", runKey(RUN), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    know([SECRET]);
    const due = await dueDelivery(image, { recipe: "web", document }, ports);
    expect(due?.note).toMatch(/^whose promotion \S+ failed \(x+/);
    expect(due?.note).not.toContain(SECRET.slice(0, 4));
  }
});
