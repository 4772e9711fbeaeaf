/** Tasks: how far an import is, and stopping it. Only imports are tasks; creating and copying are not. */
import { CancelTask, DescribeTaskAttribute } from "./actions.ts";
import * as z from "zod/mini";
import { done, percent } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { goneIsDone } from "./gone.ts";

export interface Task {
  readonly id: string;
  /** Processing, Waiting, Finished, Failed, Deleted, … */
  readonly status: string;
  readonly progress: number | undefined;
  /** Why it failed, in the cloud's words. */
  readonly errors: readonly string[];
}

const optional = z.optional(z.string());
const wireAnswer = () =>
  z.looseObject({
    TaskId: z.string(),
    TaskStatus: z.string(),
    TaskProcess: optional,
    OperationProgressSet: z.optional(
      z.looseObject({
        OperationProgress: z.optional(z.array(z.looseObject({ ErrorCode: optional, ErrorMsg: optional }))),
      }),
    ),
  });

export async function describeTask(client: CloudClient, taskId: string): Promise<Task> {
  const params = { TaskId: taskId };
  const call = { action: DescribeTaskAttribute, params };
  const answer = await send(client, call, wireAnswer);
  const operations = answer.OperationProgressSet?.OperationProgress ?? [];
  return {
    id: answer.TaskId,
    status: answer.TaskStatus,
    progress: percent(answer.TaskProcess),
    errors: operations.flatMap(({ ErrorCode, ErrorMsg }) =>
      ErrorCode ? [`${ErrorCode}: ${ErrorMsg ?? ""}`] : [],
    ),
  };
}

/** Stops a task under way; one that is over already is a success. */
export async function cancelTask(client: CloudClient, taskId: string): Promise<void> {
  const params = { TaskId: taskId };
  await goneIsDone(send(client, { action: CancelTask, params }, done));
}
