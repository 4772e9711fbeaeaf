/** Bakes of the recipe `web` by callers, uploads and the timer. */
import { hours } from "../../shared/duration.ts";
import type { Deployment } from "./deployment.ts";
import type { RunRecord } from "./records.ts";
import { accepted, ended } from "./runs.ts";

/** A caller bakes, and what follows is over. */
export async function bakedBy(kiln: Deployment, body: object) {
  const bake = await ended(kiln, (await accepted(kiln, "/recipes/web/bake", body)).run);
  const promotion = await ended(kiln, String(bake.result?.["promotion"]));
  return { bake, promotion, imageId: String(bake.result?.["imageId"]) };
}

const NIGHTLY = JSON.stringify({ v: 1, request: "bake", recipe: "web" });

/** The timer fires, and an hour passes; the newest bake. */
export async function night(kiln: Deployment): Promise<RunRecord | undefined> {
  const triggerTime = new Date(kiln.cloud.time.now()).toISOString();
  await kiln.invoke("kiln-bake-image", { triggerName: "nightly", triggerTime, payload: NIGHTLY });
  return newest(kiln);
}

/** The timer of retention and of withdrawals fires, and an hour passes. */
export async function retentionNight(kiln: Deployment): Promise<void> {
  const triggerTime = new Date(kiln.cloud.time.now()).toISOString();
  const payload = JSON.stringify({ v: 1, request: "retire", recipe: "*" });
  await kiln.invoke("kiln-promote-family", { triggerName: "retention", triggerTime, payload });
  await kiln.cloud.settle({ forMs: hours(1) });
}

/** The recipe is uploaded, and an hour passes; the newest bake. */
export async function uploaded(kiln: Deployment, text: string): Promise<RunRecord | undefined> {
  await kiln.upload("recipes/web.yaml", text);
  return newest(kiln);
}

async function newest(kiln: Deployment): Promise<RunRecord | undefined> {
  await kiln.cloud.settle({ forMs: hours(1) });
  return kiln.records("bake").at(-1);
}

/** The file /etc/release in an image. */
export const releaseIn = ({ cloud }: Deployment, imageId: string): string | undefined => {
  const image = cloud.world.images.get(`cn-hangzhou:${imageId}`);
  return cloud.world.snapshots.get(image?.disks[0]?.snapshotId ?? "")?.content.files.get("/etc/release");
};
