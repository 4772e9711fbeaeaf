/**
 * StartInstances, StopInstances, RebootInstances, DeleteInstances: up to 100 at once.
 * AllTogether (the default) fails them all for one; SuccessFirst answers 200 and says per instance.
 * DeleteInstances knows only all-or-error.
 */
import { CloudFault } from "../../core/kernel.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { COMMON_TOKENS, NOTHING, findInstance, incorrectStatus, refuseLocked } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { checkDelete, checkStart, checkStop, stoppedModeOf } from "../power.ts";
import type { Instance } from "../records.ts";

interface Batch {
  readonly check: (instance: Instance) => void;
  readonly act: (instance: Instance) => void;
}

export const StartInstances: EcsAction = {
  run: (call) =>
    inBatch(call, {
      check: (instance) => checkStart(call.world, instance),
      act: (instance) => call.world.life.start(instance),
    }),
};

export const StopInstances: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const asked = params.oneOf("StoppedMode", ["StopCharging", "KeepCharging"]);
    const options = { stoppedMode: stoppedModeOf(world, asked), force: params.bool("ForceStop") ?? false };
    return inBatch(call, { check: checkStop, act: (instance) => world.life.stop(instance, options) });
  },
};

export const RebootInstances: EcsAction = {
  run: (call) =>
    inBatch(call, {
      check: (instance) => {
        refuseLocked(instance);
        if (instance.status !== "Running") throw incorrectStatus();
      },
      act: (instance) => call.world.life.reboot(instance),
    }),
};

export const DeleteInstances: EcsAction = {
  tokens: COMMON_TOKENS,
  run: (call) => {
    const { world, params } = call;
    const force = params.bool("Force") ?? false;
    const terminate = params.bool("TerminateSubscription") ?? false;
    const instances = targets(call).map((id) => findInstance(call, id));
    for (const instance of instances) checkDelete(world, instance, force, terminate);
    refuseDry(call);
    for (const instance of instances) world.life.release(instance);
    return NOTHING;
  },
};

function inBatch(call: Call, batch: Batch): JsonObject {
  const mode = call.params.oneOf("BatchOptimization", ["AllTogether", "SuccessFirst"]) ?? "AllTogether";
  const ids = targets(call);
  if (mode === "SuccessFirst") {
    refuseDry(call);
    return { InstanceResponses: { InstanceResponse: ids.map((id) => tryOne(call, id, batch)) } };
  }
  const instances = ids.map((id) => findInstance(call, id));
  for (const instance of instances) batch.check(instance);
  refuseDry(call);
  return { InstanceResponses: { InstanceResponse: instances.map((instance) => actOn(instance, batch)) } };
}

function targets(call: Call): string[] {
  const ids = [...new Set(call.params.needList("InstanceId"))];
  if (ids.length > 100) {
    throw new CloudFault(
      403,
      "InvalidParameter.TooManyInstanceIds",
      "The number of InstanceId exceeds the limit of 100.",
    );
  }
  return ids;
}

/** The batches say that a dry run went well in other words than the single actions. */
function refuseDry(call: Call): void {
  if (call.params.bool("DryRun")) {
    throw new CloudFault(
      400,
      "DRYRUN.SUCCESS",
      "The request would have succeeded, but the DryRun parameter is set.",
    );
  }
}

function tryOne(call: Call, instanceId: string, batch: Batch): JsonObject {
  try {
    const instance = findInstance(call, instanceId);
    batch.check(instance);
    return actOn(instance, batch);
  } catch (error) {
    if (!(error instanceof CloudFault)) throw error;
    const status = call.world.instances.get(instanceId)?.status ?? "";
    return {
      InstanceId: instanceId,
      Code: error.code,
      Message: error.message,
      PreviousStatus: status,
      CurrentStatus: status,
    };
  }
}

function actOn(instance: Instance, batch: Batch): JsonObject {
  const before = instance.status;
  batch.act(instance);
  // A number on success, a text on failure: so says the documentation's own sample.
  return {
    InstanceId: instance.instanceId,
    Code: 200,
    Message: "success",
    PreviousStatus: before,
    CurrentStatus: instance.status,
  };
}
