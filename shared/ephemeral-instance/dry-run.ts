/** A dry run of a launch: asks the cloud about each offering and launches nothing. */
import { answerOf } from "../cloud/ecs/dry-run.ts";
import { dryRunInstances } from "../cloud/ecs/instances.ts";
import type { Ports } from "../invocation.ts";
import { orderByCapacity } from "../offerings.ts";
import { ok, problem, type Result } from "../result.ts";
import type { WorkflowEvent } from "../workflow/envelope.ts";
import { launchParams, noInstance, recipeFields, specOfferings, type InstanceSpec } from "./spec.ts";

export interface LaunchPreview {
  /** The first offering that the cloud would launch. */
  readonly launch: {
    readonly instanceType: string | undefined;
    readonly vSwitchId: string | undefined;
    readonly imageId: string;
    readonly spot?: true;
  };
  /** Every offering that was asked about, with the cloud's answer. */
  readonly ladder: readonly string[];
}

/** Tries the offerings in the order of the launch; a problem is the one the launch would fail with. */
export async function dryRunLaunch(
  event: WorkflowEvent,
  spec: InstanceSpec,
  ports: Ports,
): Promise<Result<LaunchPreview>> {
  const offerings = specOfferings(spec);
  const order = (await orderByCapacity(offerings, ports)) ?? [...offerings.keys()];
  const refused: string[] = [];
  for (const offering of order.flatMap((place) => offerings[place] ?? [])) {
    const { name, instanceType, vSwitchId, payment } = offering;
    const answer = await dryRunInstances(ports.cloud, launchParams(event, spec, offering, ports.cloud));
    if (answer.verdict !== "no") {
      const spot = payment === "spot" && ({ spot: true } as const);
      const launch = { instanceType, vSwitchId, imageId: spec.imageId, ...spot };
      return ok({ launch, ladder: [...refused, `${name}: ${answerOf(answer)}`] });
    }
    answer.error.in(recipeFields(spec));
    if (answer.error.kind !== "change") return problem(answer.error.message);
    refused.push(`${name}: ${answer.error.short}`);
  }
  return problem(noInstance(spec, refused));
}
