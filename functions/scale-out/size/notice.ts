/** The name of the run that reports a fleet without a document. */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { runId } from "../../../shared/workflow/run-id.ts";

/** The run that finds a fleet without a document: the same newest member is the same run. */
export const removalNotice = (
  fleet: string,
  { id, createdAt }: Pick<Instance, "id" | "createdAt">,
  { access }: Ports["cloud"],
): string => runId("size", fleet, createdAt, [access.bucket, "removed", id]);
