/** The last phase of a rollback: consumers of the recipes whose images move get the image that is served again. */
import * as z from "zod/mini";
import { describeImages } from "../../../shared/cloud/ecs/images.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { done, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { consumersOf, consumerState, FIRST_CONSUMER, updateNext } from "../family/consumers.ts";
import { unlockFamily } from "../family/lock.ts";
import { event } from "./plan.ts";

/** `result`: that of the rollback; the family has moved. */
export const Consume = event("consumers", {
  result: z.record(z.string(), z.unknown()),
  recipes: z.array(z.string()),
  /** Of a rollback, for its undo. */
  list: z.optional(z.string()),
  ...consumerState,
});
type Consume = EventOf<typeof Consume>;

/** The recipes of images at home. */
export async function recipesOf(ids: readonly string[], { cloud }: Pick<Ports, "cloud">): Promise<string[]> {
  const images = await describeImages(cloud, { ids: [...new Set(ids)] });
  return [...new Set(images.flatMap(({ tags }) => tags[TAG.recipe] ?? []))];
}

/** Goes on to the consumers of recipes; undefined when they name none. */
export async function dueConsumers(
  result: Readonly<Record<string, unknown>>,
  recipes: string[],
  { input: { family }, list }: Pick<Consume, "input" | "list">,
  ports: Ports,
): Promise<Outcome | undefined> {
  const found = await consumersOf(recipes, family, ports);
  const isDue = !found.ok || found.value.length > 0;
  return isDue ? next(Consume, { result: { ...result }, recipes, list, ...FIRST_CONSUMER }) : undefined;
}

async function consumeNext(given: Consume, ports: Ports): Promise<Outcome> {
  const { input, result, recipes, list } = given;
  const { state, note } = await updateNext(recipes, input.family, given, ports);
  if (note !== undefined) return next(Consume, { result, recipes, list, ...state }, { note });
  await unlockFamily(given, ports);
  return ended(given, state.left);
}

const ended = ({ result }: Consume, left: readonly string[]): Outcome =>
  done({
    ...result,
    ...(left.length > 0 && {
      notUpdated: [
        ...left,
        `every night tries again; or roll back to ${String(result["imageId"])} again when that is corrected`,
      ],
    }),
  });

export const consume = phase(Consume, {
  limitMs: minutes(30),
  run: consumeNext,
  cancel: (given) => ended(given, ["the update of promote.consumers was cancelled"]),
  compensate: (given, reason) => ended(given, [...given.left, reason]),
});
