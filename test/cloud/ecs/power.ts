/**
 * May this instance start, stop, reboot or go? One set of rules for the single and the batch actions.
 * Source: StartInstance, StopInstance, RebootInstance, DeleteInstance and their error tables.
 */
import { CloudFault } from "../core/kernel.ts";
import { incorrectStatus, refuseLocked } from "./action.ts";
import type { Instance } from "./records.ts";
import type { World } from "./world.ts";

/** @throws CloudFault 403 IncorrectInstanceStatus, OperationDenied.NoStock, InsufficientBalance. */
export function checkStart(world: World, instance: Instance): void {
  refuseLocked(instance);
  if (instance.status !== "Stopped") throw incorrectStatus();
  if (world.account.balance < 0)
    throw new CloudFault(403, "InsufficientBalance", "Your account does not have enough balance.");
  if (!instance.holdsStock && world.stockLeft(instance.type.id, instance.zoneId) < 1) {
    throw new CloudFault(
      403,
      "OperationDenied.NoStock",
      "The requested resource is sold out in the specified zone; try other types of resources or other regions and zones.",
    );
  }
}

/** @throws CloudFault 403 IncorrectInstanceStatus. */
export function checkStop(instance: Instance): void {
  refuseLocked(instance);
  if (instance.status !== "Running") throw incorrectStatus();
}

/** @throws CloudFault 403 for protection, status or an unexpired subscription. */
export function checkDelete(
  world: World,
  instance: Instance,
  force: boolean,
  terminateSubscription: boolean,
): void {
  refuseLocked(instance);
  if (instance.deletionProtection) {
    throw new CloudFault(
      403,
      "InvalidOperation.DeletionProtection",
      "The operation is not allowed due to deletion protection.",
    );
  }
  if (
    instance.chargeType === "PrePaid" &&
    !terminateSubscription &&
    (instance.expiresAt ?? 0) > world.now()
  ) {
    throw new CloudFault(
      403,
      "ChargeTypeViolation",
      "The operation is not permitted due to charge type of the instance.",
    );
  }
  if (instance.status === "Pending") {
    throw new CloudFault(
      403,
      "IncorrectInstanceStatus.Initializing",
      "The specified instance status does not support this operation.",
    );
  }
  if (instance.status === "Stopped") return;
  if (!force || instance.status !== "Running") throw incorrectStatus();
}

/** Without a word from the caller the account's own switch decides. */
export function stoppedModeOf(
  world: World,
  asked: "StopCharging" | "KeepCharging" | undefined,
): "StopCharging" | "KeepCharging" {
  return asked ?? (world.account.economicalMode ? "StopCharging" : "KeepCharging");
}
