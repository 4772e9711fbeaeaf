/** StartInstance, StopInstance, RebootInstance, DeleteInstance: one instance, no RegionId, an empty answer. */
import { NOTHING, incorrectStatus, needInstance, refuseLocked, stopIfDry } from "../action.ts";
import type { EcsAction } from "../action.ts";
import { checkDelete, checkStart, checkStop, stoppedModeOf } from "../power.ts";

export const StartInstance: EcsAction = {
  region: "optional",
  run: (call) => {
    const instance = needInstance(call);
    checkStart(call.world, instance);
    stopIfDry(call.params);
    call.world.life.start(instance);
    return NOTHING;
  },
};

export const StopInstance: EcsAction = {
  region: "optional",
  run: (call) => {
    const { world, params } = call;
    const instance = needInstance(call);
    const asked = params.oneOf("StoppedMode", ["StopCharging", "KeepCharging"]);
    checkStop(instance);
    stopIfDry(params);
    world.life.stop(instance, {
      stoppedMode: stoppedModeOf(world, asked),
      force: params.bool("ForceStop") ?? false,
    });
    return NOTHING;
  },
};

export const RebootInstance: EcsAction = {
  region: "optional",
  run: (call) => {
    const instance = needInstance(call);
    refuseLocked(instance);
    if (instance.status !== "Running") throw incorrectStatus();
    stopIfDry(call.params);
    call.world.life.reboot(instance);
    return NOTHING;
  },
};

export const DeleteInstance: EcsAction = {
  region: "optional",
  run: (call) => {
    const { world, params } = call;
    const instance = needInstance(call);
    checkDelete(
      world,
      instance,
      params.bool("Force") ?? false,
      params.bool("TerminateSubscription") ?? false,
    );
    stopIfDry(params);
    world.life.release(instance);
    return NOTHING;
  },
};
