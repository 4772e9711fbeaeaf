/**
 * From nothing to nothing with the commands of README, "Deploy": setup, doctor, deploy by the real tool, a bake on the
 * uploaded code, undeploy.
 */
import { join } from "node:path";
import { hours } from "../../../shared/duration.ts";
import { FUNCTION_CHECKS } from "../../../deploy/doctor/checks/functions.ts";
import { readSettings } from "../../../deploy/config.ts";
import { toolEnvironment } from "../../../deploy/deploy.ts";
import { type Declared, readManifest } from "../../../deploy/manifest.ts";
import { toolIn } from "../../../deploy/tool.ts";
import { startCloud } from "../../cloud/index.ts";
import { readExample } from "../examples.ts";
import { endSteps } from "../leftovers.ts";
import { ownImages, type Stage } from "../stage.ts";
import { type Baking, watchBake } from "../steps/bake.ts";
import { watchPromotion } from "../steps/promotion.ts";
import { act, broken, held, hold, type Look, type Opened, type Scene, type Story } from "../story.ts";
import { deployedOn, type DeployOptions, PLACE, WEBHOOK_SECRET } from "../../support/deployment.ts";
import { DeployTool } from "../../support/deploy-tool.ts";
import { examine } from "../../support/doctor.ts";
import {
  ACCOUNT,
  endpointVariables,
  makeRoot,
  NEW_BUCKET,
  openShell,
  type Shell,
  variables,
  type Variables,
} from "../../support/shell.ts";

const ROOT = join(import.meta.dirname, "../../..");
const BASE = "acs:alibaba_cloud_linux_3_2104_lts_x64";
const CALLERS = { ci: { secrets: [WEBHOOK_SECRET], routes: ["POST /*", "GET /runs/*"] } };

/** Someone who deploys, with a shell and the tool. */
interface Operator {
  readonly shell: Shell;
  /** Functions of s.yaml as the tool reads them. */
  readonly declared: () => Promise<readonly Declared[]>;
  readonly env: Variables;
}

export const deployStory: Story = {
  name: "deploy",
  title: "From nothing to nothing, with the commands that deploy",
  // The deploy tool signs with the machine's own clock, so the story begins near the present.
  beginsAt: () => Date.now() - EXAMINED_MS,
  leavesNothing: true,
  open,
};

/** The doctor's waits have passed by then. */
const EXAMINED_MS = hours(1);

async function open({ env: more = {}, ...options }: DeployOptions): Promise<Opened> {
  const presentAt = (options.at ?? Date.now()) + EXAMINED_MS;
  const cloud = await startCloud({ ...options, accountId: ACCOUNT, roles: {} });
  const tool = new DeployTool();
  await tool.seed();
  const { root, remove } = makeRoot();
  const kiln = deployedOn(cloud, { ...PLACE, account: ACCOUNT, bucket: NEW_BUCKET });
  const env = {
    ...tool.environment,
    ...variables(cloud),
    ...endpointVariables(cloud.urls),
    FC_CODE_TEMP_OSS_ENDPOINT: cloud.urls.oss,
    KILN_DEPLOY_BSS_ENDPOINT: cloud.urls.ecs,
    KILN_CALLERS: JSON.stringify(CALLERS),
    KILN_LOG_PROJECT: "kiln-logs",
    ...more,
  };
  const close = async (): Promise<void> => {
    tool.close();
    remove();
    await cloud.close();
  };
  let read: Promise<readonly Declared[]> | undefined;
  const operator = {
    shell: openShell(root, env),
    declared: () => (read ??= readManifest(toolIn(root), toolEnvironment(readSettings(env)))),
    env,
  };
  return { kiln: { ...kiln, close }, scenes: scenesOf(operator, presentAt) };
}

function scenesOf(operator: Operator, presentAt: number): readonly Scene[] {
  const baking: Baking = {};
  return [
    setUp(operator),
    examination(operator, presentAt),
    deployment(operator),
    bake(baking),
    removal(operator),
  ];
}

/** A command that must succeed. Its lines are shown, without those that match `hidden`. */
const command = ({ shell }: Operator, argv: string, hidden = /^$/) =>
  act(`npm run ${argv.replace(" ", " -- ")}`, async () => {
    const { code, out, err } = await shell(argv);
    return code === 0
      ? held(...out.filter((line) => !hidden.test(line)))
      : broken([...err, ...out.slice(-5)].join("; "));
  });

function setUp(operator: Operator): Scene {
  return {
    title: "An account without Kiln: setup makes bucket, roles and policies",
    steps: [
      command(operator, "setup", / policy /),
      hold("repeated, it changes nothing", async () => {
        const { out } = await operator.shell("setup");
        return out.includes("everything exists already") ? held() : broken(out.join("; "));
      }),
    ],
  };
}

/** The doctor's words, in short; broken when something is wrong. */
async function diagnosed({ cloud }: Stage, operator: Operator, only?: readonly string[]): Promise<Look> {
  const declared = await operator.declared();
  const { findings } = await examine(cloud, { env: operator.env, declared }, only && { only });
  const of = (state: string): string[] =>
    Object.entries(findings).flatMap(([name, finding]) =>
      finding.state === state ? [`${name}: ${finding.found}`] : [],
    );
  const wrong = of("wrong");
  if (wrong.length > 0) return broken(wrong.join("; "));
  return held(`${of("ok").length} checks are ok`, ...of("unknown").map((line) => `unknown: ${line}`));
}

function examination(operator: Operator, presentAt: number): Scene {
  return {
    title: "The doctor examines the account",
    steps: [
      act("npm run doctor finds nothing wrong", (stage) => diagnosed(stage, operator)),
      hold("its probe and the role of its probe are gone", ({ cloud }) => {
        const left = [...cloud.fc.functions.keys(), ...cloud.ram.roles().map(({ name }) => name)].filter(
          (name) => name.includes("probe"),
        );
        return left.length === 0 ? held() : broken(left.join(", "));
      }),
      act(
        "the rest of the hour passes: the deploy tool signs with this machine's clock",
        async ({ cloud }) => {
          await cloud.settle({ forMs: Math.max(0, presentAt - cloud.time.now()) });
          return held();
        },
      ),
    ],
  };
}

function deployment(operator: Operator): Scene {
  return {
    title: "The real deploy tool, s, uploads the code and makes functions and triggers",
    steps: [
      command(operator, "deploy", /^(?!create|the webhook)/),
      hold("all run code that was uploaded", ({ cloud }) => {
        const functions = [...cloud.fc.functions.values()];
        const local = functions.filter(({ codePath }) => codePath.startsWith(ROOT));
        return functions.length > 0 && local.length === 0
          ? held(
              `${functions.length} functions; the component fc3 of s is on no registry: one of the tests made the same calls`,
            )
          : broken(local.map(({ name }) => name).join(", ") || "there is no function");
      }),
      act("npm run doctor finds them as s.yaml declares them", (stage) =>
        diagnosed(
          stage,
          operator,
          FUNCTION_CHECKS.map(({ name }) => name),
        ),
      ),
    ],
  };
}

function bake(baking: Baking): Scene {
  return {
    title: "A recipe is uploaded, and the uploaded code bakes and promotes",
    link: { to: "bake-image", by: { kind: "oss", key: "recipes/web.yaml" } },
    steps: [
      act("recipes/web.yaml is uploaded", async ({ kiln }) => {
        await kiln.upload("recipes/web.yaml", readExample("recipes/web.yaml"));
        return held();
      }),
      ...watchBake(baking, BASE),
      ...watchPromotion(baking, "web"),
      ...endSteps(),
    ],
  };
}

function removal(operator: Operator): Scene {
  return {
    title: "Everything is removed",
    steps: [
      command(operator, "undeploy --all --yes", / (policy|trigger) /),
      act("a user deletes the recipe, the image and its snapshot", async ({ kiln, cloud }) => {
        cloud.oss.delete(NEW_BUCKET, "recipes/web.yaml");
        for (const { imageId, disks } of ownImages(cloud)) {
          await kiln.ecs("DeleteImage", { ImageId: imageId, Force: "true" });
          for (const { snapshotId } of disks) await kiln.ecs("DeleteSnapshot", { SnapshotId: snapshotId });
        }
        return held();
      }),
      command(operator, "undeploy --all --yes"),
      hold("no function, role, policy, bucket, instance, image or snapshot is left", ({ cloud }) => {
        const left = {
          functions: cloud.fc.functions.size,
          roles: cloud.ram.roles().length,
          policies: cloud.ram.policies().length,
          buckets: cloud.oss.buckets().length,
          instances: cloud.world.instances.size,
          images: ownImages(cloud).length,
          snapshots: cloud.world.snapshots.size,
        };
        const found = Object.entries(left).filter(([, count]) => count > 0);
        return found.length === 0 ? held() : broken(found.map(([kind, n]) => `${n} ${kind}`).join(", "));
      }),
    ],
  };
}
