/** Which task ids count as used. No page says how far and for how long one does, so a test may choose. */
import { CloudFault } from "../core/kernel.ts";

export interface TaskIdOptions {
  /** Milliseconds from its submission; default for ever, 0 = never. */
  readonly rememberedMs?: number;
  /** Default "function". */
  readonly scope?: "function" | "account";
  /** Ids that another deployment in the account has used. */
  readonly isUsed?: (taskId: string) => boolean;
}

interface Task {
  readonly taskId: string;
  readonly function: string;
  readonly enqueuedAt: number;
}

export class TaskIds<T extends Task> {
  readonly #tasks = new Map<string, Map<string, T>>();

  /** The newest task with this id of a function, if there ever was one. */
  find(functionName: string, taskId: string): T | undefined {
    return this.#tasks.get(taskId)?.get(functionName);
  }

  add(task: T): void {
    const tasks = this.#tasks.get(task.taskId) ?? new Map<string, T>();
    this.#tasks.set(task.taskId, tasks.set(task.function, task));
  }

  /** @throws CloudFault 409 for an id that counts as used; the code is that of the API before 3.0. */
  check(functionName: string, taskId: string, now: number, options: TaskIdOptions = {}): void {
    const { rememberedMs = Number.POSITIVE_INFINITY, scope = "function", isUsed = () => false } = options;
    const tasks = [...(this.#tasks.get(taskId)?.values() ?? [])];
    const isRemembered = tasks.some(
      (task) =>
        (scope === "account" || task.function === functionName) && now - task.enqueuedAt < rememberedMs,
    );
    if (!isRemembered && !isUsed(taskId)) return;
    const message = `async task '${taskId}' already exists`;
    throw new CloudFault(409, "StatefulAsyncInvocationAlreadyExists", message);
  }
}
