/**
 * The image test: launch → boot → command ⇄ watch (⇄ reboot) → release. A new instance boots from the image and
 * passes the image checks and the recipe's tests before the family changes.
 */
import { filledTags } from "../../../shared/documents/image-name.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import type { Step } from "../../../shared/documents/recipe-steps.ts";
import { buildSecrets } from "../../../shared/build-secrets.ts";
import { tagResources } from "../../../shared/cloud/ecs/tags.ts";
import { formatDuration, hours } from "../../../shared/duration.ts";
import type { InstanceEvent } from "../../../shared/ephemeral-instance/events.ts";
import { ephemeralInstance } from "../../../shared/ephemeral-instance/phases.ts";
import { instanceParams, type InstanceSpec } from "../../../shared/ephemeral-instance/spec.ts";
import {
  leftInstance,
  releaseInstance,
  releasing,
  withKept,
} from "../../../shared/ephemeral-instance/release.ts";
import { CHECK_IDS } from "../../../shared/image-checks.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { packagesStep } from "../../../shared/packages.ts";
import { withVariables } from "../../../shared/requests/declared-parameters.ts";
import { ok } from "../../../shared/result.ts";
import { ROLE, TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { statusTag, TEST } from "../family/status.ts";
import { afterTest } from "./approval.ts";
import { allFindings, firstBoot, firstFindings, refusalOf, secondBoot } from "./image-checks.ts";
import { holdAgainst, keptBack } from "./held.ts";
import { Checked, checkedEvent } from "./input.ts";
import { imageUnderPromotion } from "./own.ts";
import { keepPackages } from "./packages.ts";

const Release = checkedEvent("release", releasing);
type Release = EventOf<typeof Release>;

/** The cloud releases a test instance so long after its test must be over, whatever happens to its run. */
const EXPIRE_AFTER_MS = hours(1.5);

type Builder = Extract<Recipe["source"], { readonly kind: "builder" }>;

/**
 * As `test` of the recipe says, else as the image was built: with the builder's disks, role and bandwidth. Without
 * the builder's user data, because the image must work as it is.
 */
export function testInstanceSpec({ recipe, imageId, document, image, parameters }: Checked): InstanceSpec {
  const { test, source } = document;
  const builder: Partial<Builder> = source.kind === "builder" ? source : {};
  const { systemDisk = {}, dataDisks = [], internetMbps = 0, ramRole, spot = { wanted: false } } = builder;
  const shape = {
    securityGroupId: test.securityGroupId,
    systemDisk: test.systemDisk ?? systemDisk,
    dataDisks: disksOf(image.dataDisks, test.dataDisks ?? dataDisks),
    internetMbps,
    ...(ramRole !== undefined && { ramRole }),
  };
  return {
    role: ROLE.tester,
    imageId,
    instanceTypes: test.instanceTypes,
    vSwitchIds: test.vSwitchIds,
    spot,
    expireAfterMs: test.timeoutMs + EXPIRE_AFTER_MS,
    params: instanceParams(shape, document.image.resourceGroupId),
    tags: { ...filledTags(document, parameters), [TAG.recipe]: recipe },
  };
}

type Disk = NonNullable<Recipe["test"]["dataDisks"]>[number];

/**
 * The data disks of the image, with the categories of `disks`. A disk of the recipe is matched by its device; those
 * whose device the image does not have by their order, from the end, because disks of the base image come before a
 * builder's.
 */
function disksOf(devices: readonly string[], disks: readonly Disk[]): Disk[] {
  const free = devices.filter((device) => !disks.some((disk) => disk.device === device));
  const inOrder = disks.filter(({ device = "" }) => !devices.includes(device));
  const base = Math.max(0, free.length - inOrder.length);
  return devices.map((device) => {
    const match = disks.find((disk) => disk.device === device) ?? inOrder[free.indexOf(device) - base];
    const { category, performanceLevel } = match ?? {};
    return {
      device,
      ...(category !== undefined && { category }),
      ...(performanceLevel !== undefined && { performanceLevel }),
    };
  });
}

const isWindows = ({ image }: Checked): boolean => image.osType === "windows";

/** The image checks of the first boot, the recipe's tests, a reboot, the image checks of the second boot, the packages. */
export function testCommands(input: Checked): readonly Step[] {
  const { hygiene, timeoutMs } = input.document.test;
  const commands = input.document.test.commands.map((step) => withVariables(step, input.parameters));
  // The image checks are for Linux; PowerShell runs the recipe's tests.
  if (isWindows(input)) return commands;
  const first = firstBoot(timeoutMs);
  if (CHECK_IDS.every((check) => hygiene.waive.includes(check)))
    return [first, ...commands, packagesStep(timeoutMs)];
  const reboot = { kind: "reboot", name: "reboot", timeoutMs } as const;
  return [first, ...commands, reboot, secondBoot(timeoutMs), packagesStep(timeoutMs)];
}

/** Whether command number `index` is one of the recipe, and none of the image checks around them. */
function isOwnCommand(input: Checked, index: number): boolean {
  const first = isWindows(input) ? 0 : 1;
  return index >= first && index < first + input.document.test.commands.length;
}

/** Judges the output of the image checks. Of the recipe's tests the exit code says enough. */
function judgeChecks(input: Checked, index: number, output: string): string | undefined {
  if (isWindows(input)) return undefined;
  if (index === 0) return refusalOf(firstFindings(output), input);
  const { commands } = input.document.test;
  // The recipe's tests are followed by the reboot.
  return index !== commands.length + 2
    ? undefined
    : refusalOf(allFindings(output, input.image.createdAt), input);
}

function overTime({ input, phase: name }: InstanceEvent<Checked>, now: number): string | undefined {
  const { timeoutMs } = input.document.test;
  const tookMs = now - input.testStartedAt;
  if (tookMs <= timeoutMs) return undefined;
  return `the image test is not over after ${formatDuration(tookMs)} (phase ${name}); test.timeout allows ${formatDuration(timeoutMs)}`;
}

export const imageTest = ephemeralInstance({
  input: Checked,
  spec: testInstanceSpec,
  commands: testCommands,
  shell: (input) => (isWindows(input) ? "powershell" : "shell"),
  secrets: (input, index) => (isOwnCommand(input, index) ? buildSecrets(input.document) : ok({})),
  judge: judgeChecks,
  refuse: overTime,
  refuseLaunch: async (event, ports) => {
    const found = await imageUnderPromotion(event, ports);
    return found.ok ? undefined : found.problem;
  },
  onReady: ({ input }, instanceId) =>
    next(Release, { instanceId, verdict: { ok: true, note: `${input.imageId} passed its test` } }),
  compensate: (_event, reason, instanceId) =>
    next(Release, { verdict: { ok: false, reason }, ...(instanceId !== undefined && { instanceId }) }),
});

async function releaseTester(event: Release, ports: Ports): Promise<Outcome> {
  const { keepFailedMs } = event.input.document.test;
  const tester = await releaseInstance(event, { role: ROLE.tester, keepFailedMs }, ports);
  if (tester.outcome !== undefined) return tester.outcome;
  const { verdict, input, run } = event;
  const found = await imageUnderPromotion(event, ports);
  if (!found.ok) return failed(`${verdict.ok ? "" : `${verdict.reason}; `}${found.problem}`);
  // A later bake reads this tag: an image that failed is no reason to skip the next bake.
  const hold = verdict.ok ? await holdAgainst(input, ports) : undefined;
  const tags = verdict.ok
    ? { [TAG.test]: TEST.passed, ...(hold && statusTag("held", run)) }
    : { [TAG.test]: TEST.failed, ...statusTag("failed", run) };
  if (verdict.ok && !isWindows(input))
    await keepPackages({ run, imageId: input.imageId, index: testCommands(input).length - 1 }, ports);
  await tagResources(ports.cloud, "image", [input.imageId], tags);
  if (!verdict.ok) return failed(withKept(verdict.reason, tester));
  return hold === undefined ? afterTest(input, verdict.note, ports) : keptBack(input, hold);
}

export const release = phase(Release, {
  limitMs: hours(2),
  run: releaseTester,
  cancel: ({ verdict, instanceId }, reason) => {
    const failing = { ok: false, reason: verdict.ok ? reason : verdict.reason } as const;
    return next(Release, { verdict: failing, ...(instanceId !== undefined && { instanceId }) });
  },
  compensate: ({ verdict, instanceId, run }, reason) => {
    const first = verdict.ok ? "" : `${verdict.reason}; `;
    const left =
      instanceId === undefined
        ? `look for instances with the tag ${TAG.run} = ${run}`
        : leftInstance(instanceId);
    return failed(`${first}${reason}; ${left}`);
  },
});
