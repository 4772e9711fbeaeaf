/** Recipes, and the bakes and promotions that they start. */
import { hours, minutes } from "../../shared/duration.ts";
import { hasEnded, type RunRecord } from "./records.ts";
import type { Deployment } from "./deployment.ts";
import { launchTagged } from "./world.ts";

/** A short recipe; `changes` replace or add top-level keys. */
export function recipeText(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    source: {
      builder: {
        family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
        instanceTypes: ["ecs.g7.large", "ecs.c7.large"],
        vSwitchIds: ["vsw-hangzhou-h"],
        securityGroupId: "sg-default0001",
      },
    },
    provision: ["yum install -y nginx", "systemctl enable nginx"],
    family: "web",
    test: { commands: ["systemctl is-active nginx"] },
    ...changes,
  });
}

/** Uploads `recipes/<name>.yaml` and lets the world run until its bake, and what follows it, has ended. */
export async function bakeAndPromote(kiln: Deployment, text: string, name = "web"): Promise<RunRecord[]> {
  const before = new Set(kiln.records().map(({ run }) => run));
  await kiln.upload(`recipes/${name}.yaml`, text);
  const fresh = (): RunRecord[] => kiln.records().filter(({ run }) => !before.has(run));
  const ended = (): boolean => {
    const bake = fresh().find(({ kind }) => kind === "bake");
    if (bake === undefined || !hasEnded(bake)) return false;
    const promotes = bake.state === "done" && bake.result?.["promotes"] !== undefined;
    return !promotes || fresh().some((record) => record.kind === "promote" && hasEnded(record));
  };
  await kiln.cloud.settle({ until: ended, forMs: hours(8) });
  // What is on its way when the record is written: deliveries that lost, releases under way.
  await kiln.cloud.settle({ forMs: minutes(3) });
  return fresh();
}

/** Bakes and promotes one image more; `n` makes its recipe another one. Answers the promotion and the image. */
export async function release(
  kiln: Deployment,
  n: number,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly promotion: RunRecord | undefined; readonly imageId: string }> {
  const runs = await bakeAndPromote(kiln, recipeText({ description: `number ${n}`, ...changes }));
  const bake = runs.find(({ kind }) => kind === "bake");
  return {
    promotion: runs.find(({ kind }) => kind === "promote"),
    imageId: String(bake?.result?.["imageId"]),
  };
}

/** As `release`, of an instance that exists before the bake, and without an image test: for tests of what comes after. */
export async function quickRelease(
  kiln: Deployment,
  n: number,
  changes: Readonly<Record<string, unknown>> = {},
): ReturnType<typeof release> {
  const source = { instance: { id: await goldenOf(kiln), stop: false } };
  return release(kiln, n, { source, provision: [], test: { skip: true }, ...changes });
}

const golden = new WeakMap<Deployment, string>();

/** A machine a person made, one for each world. */
export async function goldenOf(kiln: Deployment): Promise<string> {
  const known = golden.get(kiln);
  if (known !== undefined) return known;
  const id = await launchTagged(kiln, {});
  await kiln.cloud.settle({ forMs: minutes(1) });
  golden.set(kiln, id);
  return id;
}

/** `statesOf` a bake and its promotion when both are done. */
export const ENDED = ["bake done", "promote done"];
export const statesOf = (runs: readonly { readonly kind: string; readonly state: string }[]) =>
  runs.map(({ kind, state }) => `${kind} ${state}`);

/** Uploads a recipe and waits until its promotion is over. */
export const bothRuns = async (
  kiln: Deployment,
  forMs = hours(6),
  changes: Parameters<typeof recipeText>[0] = {},
) => {
  await kiln.upload("recipes/web.yaml", recipeText(changes));
  const over = () => kiln.records("promote").some(({ state }) => state !== "queued" && state !== "running");
  await kiln.cloud.settle({ until: over, forMs });
  await kiln.cloud.settle({ forMs: minutes(1) });
  return [...kiln.records("bake"), ...kiln.records("promote")];
};
