/** The builder: the ephemeral instance on which a recipe provisions its image. */
import { buildSecrets } from "../../../shared/build-secrets.ts";
import { minutes } from "../../../shared/duration.ts";
import { filledTags } from "../../../shared/documents/image-name.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { objectsIn } from "../../../shared/documents/recipe-objects.ts";
import type { Step } from "../../../shared/documents/recipe-steps.ts";
import { ephemeralInstance } from "../../../shared/ephemeral-instance/phases.ts";
import { instanceParams, type InstanceSpec } from "../../../shared/ephemeral-instance/spec.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { CHECK_IDS, IMAGE_CHECKS } from "../../../shared/image-checks.ts";
import { withVariables } from "../../../shared/requests/declared-parameters.ts";
import { parametersProblem } from "../../../shared/requests/parameters.ts";
import { ok } from "../../../shared/result.ts";
import { ROLE, TAG } from "../../../shared/tags.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { holdsLock } from "../../../shared/workflow/lock.ts";
import { next } from "../../../shared/workflow/workflow.ts";
import { objectDigest } from "./digests.ts";
import { Stop } from "./image.ts";
import { BuilderInput, lockName } from "./input.ts";
import { releaseFailed } from "./release.ts";

/** The builder that a planned recipe launches. */
export function builderSpec({ recipe, document, plan, parameters }: BuilderInput): InstanceSpec {
  const { source, image } = document;
  return {
    role: ROLE.builder,
    imageId: plan.baseImage.id,
    instanceTypes: source.instanceTypes,
    vSwitchIds: source.vSwitchIds,
    spot: source.spot,
    expireAfterMs: source.expireAfterMs,
    params: instanceParams({ ...source, imageDataDisks: plan.baseImage.dataDisks }, image.resourceGroupId),
    tags: { ...filledTags(document, parameters), [TAG.recipe]: recipe },
  };
}

/** The last command: removes the identity and history of the builder, but nothing whose image check is waived. */
function generalizeStep({ test }: Recipe): Step {
  const checks = CHECK_IDS.filter((id) => !test.hygiene.waive.includes(id));
  const lines = checks.flatMap((id) => IMAGE_CHECKS[id].generalize ?? []);
  const command = [...lines, "sync", "exit 0"].join("\n");
  return { kind: "run", name: "generalize", command, timeoutMs: minutes(2), environment: {} };
}

/**
 * Before the first command: user data and the services of the first boot change the instance, and hold the locks of
 * package managers, until cloud-init is done. Exit code 2 stands for warnings, and for versions without --wait.
 * https://docs.cloud-init.io/en/latest/explanation/return_codes.html
 * `power_state` reboots after cloud-init has ended, which it waits 30 seconds for.
 * https://docs.cloud-init.io/en/latest/reference/modules.html#power-state-change
 */
const FIRST_BOOT: Step = {
  kind: "run",
  name: "first boot",
  timeoutMs: minutes(30),
  environment: {},
  command: `command -v cloud-init >/dev/null 2>&1 || exit 0
cloud-init status --wait >/dev/null 2>&1
code=$?
if [ $code -eq 0 ] || [ $code -eq 2 ]; then
  if grep -q "^power_state:" /var/lib/cloud/instance/cloud-config.txt 2>/dev/null; then sleep 40; fi
  exit 0
fi
tail -n 20 /var/log/cloud-init-output.log
cloud-init status --long
echo "user data or cloud-init failed, so nothing is built on this instance"
exit 1`,
};

/** A bake holds its lock from its first phase on. */
async function holdsNoLock(
  { run, input }: WorkflowEvent & { readonly input: BuilderInput },
  ports: Ports,
): Promise<string | undefined> {
  const { recipe } = input;
  return (await holdsLock(lockName(recipe), run, ports))
    ? undefined
    : `${run} does not hold the lock of recipe ${recipe}, so it bakes nothing`;
}

export const builder = ephemeralInstance({
  input: BuilderInput,
  spec: builderSpec,
  commands: ({ document, parameters }) => [
    ...document.provision.map((step) => withVariables(step, parameters)),
    generalizeStep(document),
  ],
  prepare: FIRST_BOOT,
  isPlanned: ({ document, plan: { objects } }, key, etag) => {
    const index = objectsIn(document.provision).indexOf(key);
    return objects === undefined || objects[index] === objectDigest(key, etag);
  },
  secrets: ({ document }, index) =>
    index >= 0 && index < document.provision.length ? buildSecrets(document) : ok({}),
  refuse: ({ input }) => parametersProblem(input.parameters, input.document),
  refuseLaunch: holdsNoLock,
  onReady: (_event, instanceId) => next(Stop, { instanceId }, { note: "provisioned" }),
  compensate: (_event, reason, instanceId) => releaseFailed({ instanceId }, reason),
});
