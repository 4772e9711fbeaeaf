/** DescribeTasks, DescribeTaskAttribute, CancelTask: imports are tasks, copies and CreateImage are not. */
import { CloudFault } from "../../core/kernel.ts";
import { matches, NOTHING } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { percent } from "../image-view.ts";
import { fromMinute, toMinute } from "../instant.ts";
import { pageByNumber } from "../../core/paging.ts";
import type { Task } from "../records.ts";

export const DescribeTasks: EcsAction = {
  run: ({ world, params, regionId }) => {
    const status = params.oneOf("TaskStatus", ["Finished", "Processing", "Failed"]);
    const wanted = { regionId, status, action: params.text("TaskAction") };
    const ids = params
      .text("TaskIds")
      ?.split(",")
      .map((id) => id.trim());
    const resources = params.list("ResourceIds");
    const [from, to] = ["StartTime", "EndTime"].map((name) => fromMinute(params.text(name) ?? ""));
    const found = [...world.tasks.values()].filter(
      (task) =>
        matches(task, wanted) &&
        (ids?.includes(task.taskId) ?? true) &&
        (resources.length === 0 || resources.includes(task.resourceId)) &&
        (from === undefined || task.createdAt >= from) &&
        (to === undefined || task.createdAt <= to),
    );
    const page = pageByNumber(params, found, { max: 100 });
    return {
      RegionId: regionId,
      TaskSet: {
        Task: page.items.map((task) => ({
          TaskId: task.taskId,
          TaskAction: task.action,
          TaskStatus: task.status,
          ResourceId: task.resourceId,
          SupportCancel: String(task.status === "Processing"),
          CreationTime: toMinute(task.createdAt),
          FinishedTime: task.finishedAt === undefined ? "" : toMinute(task.finishedAt),
        })),
      },
      ...page.members,
    };
  },
};

export const DescribeTaskAttribute: EcsAction = {
  // Here an unknown region is a 400, and so is an unknown task.
  regionStatus: 400,
  run: (call) => {
    const { world, regionId } = call;
    const task = needTask(call);
    return {
      RegionId: regionId,
      TaskId: task.taskId,
      TaskAction: task.action,
      TaskStatus: task.status,
      TaskProcess:
        task.status === "Processing" ? percent(world.now() - task.createdAt, task.durationMs) : "100%",
      TotalCount: 1,
      SuccessCount: Number(task.status === "Finished"),
      FailedCount: Number(task.status === "Failed"),
      SupportCancel: String(task.status === "Processing"),
      CreationTime: toMinute(task.createdAt),
      FinishedTime: task.finishedAt === undefined ? "" : toMinute(task.finishedAt),
      OperationProgressSet: {
        OperationProgress: [
          {
            OperationStatus: task.status === "Finished" ? "Success" : task.status,
            ErrorCode: task.error?.code ?? "",
            ErrorMsg: task.error?.message ?? "",
            RelatedItemSet: { RelatedItem: [{ Name: "ImageId", Value: task.resourceId }] },
          },
        ],
      },
    };
  },
};

/** A cancelled import takes its image with it. */
export const CancelTask: EcsAction = {
  run: (call) => {
    const { world } = call;
    const task = needTask(call);
    if (task.status !== "Processing") {
      throw new CloudFault(403, "InvalidTask.NotSupported", "The task is over and cannot be cancelled.");
    }
    const error = { code: "TaskCancelled", message: "The task has been cancelled." };
    Object.assign(task, { status: "Failed", finishedAt: world.now(), error });
    const image = world.image(task.regionId, task.resourceId);
    if (image !== undefined) world.imaging.remove(image);
    return NOTHING;
  },
};

function needTask({ world, params, regionId }: Call): Task {
  const task = world.tasks.get(params.need("TaskId"));
  if (task !== undefined && task.regionId === regionId) return task;
  throw new CloudFault(400, "InvalidTaskId.NotFound", "The specified TaskId does not exist.");
}
