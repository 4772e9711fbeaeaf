/** The plan of the next 24 hours, as the API answers it page by page. */
import type { PlanPage } from "../functions/api/plan/plan.ts";
import { ANSWER, parseReply } from "./answers.ts";
import type { Client } from "./client.ts";

/** All pages as one. */
export interface Plan extends Omit<PlanPage, "next"> {
  /** The clock of the deployment, epoch ms. */
  readonly serverAt: number;
}

/** @throws CommandError */
export async function readPlan(client: Client): Promise<Plan> {
  const first = await pageAfter(undefined, client);
  const all = { bakes: [...first.bakes], retention: [...first.retention], fleets: [...first.fleets] };
  // Those of the deployment are on every page.
  const problems = new Set(first.problems);
  for (let { next } = first; next !== undefined;) {
    const page = await pageAfter(next, client);
    all.bakes.push(...page.bakes);
    all.retention.push(...page.retention);
    all.fleets.push(...page.fleets);
    for (const problem of page.problems) problems.add(problem);
    next = page.next;
  }
  const { at, until, serverAt } = first;
  return { at, until, problems: [...problems], serverAt, ...all };
}

async function pageAfter(cursor: string | undefined, client: Client) {
  const body = JSON.stringify({ cursor });
  const reply = await client.send("api", "POST", "/plan", { body });
  return { ...parseReply(ANSWER.plan, reply), serverAt: reply.at };
}
