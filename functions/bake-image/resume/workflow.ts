/** An operator resumes the timers and uploads of a paused recipe (shared/pauses.ts): a run of one phase. */
import * as z from "zod/mini";
import { minutes } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { endFailures, pauseOf } from "../../../shared/pauses.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
import { done, phase, type Outcome, type Workflow } from "../../../shared/workflow/workflow.ts";

const Resume = eventsWith(z.strictObject({ recipe: Name }))("resume", {});

async function resumeRecipe({ input, run }: EventOf<typeof Resume>, ports: Ports): Promise<Outcome> {
  const { recipe } = input;
  const was = await pauseOf(recipe, ports);
  await endFailures(recipe, run, ports);
  return done({
    recipe,
    ...(was === undefined ? { note: `recipe ${recipe} is not paused` } : { resumed: was }),
  });
}

export const ResumeRequest = z.strictObject({
  ...requestShape,
  request: z.literal("resume-recipe"),
  recipe: Name,
});

export const resume: Workflow = {
  kind: "unpause",
  phases: [phase(Resume, { limitMs: minutes(30), run: resumeRecipe })],
  begin: (event) => {
    const { recipe } = parse(ResumeRequest, event.input, "resume");
    return firstEvent(Resume, event, { recipe }, {});
  },
};
