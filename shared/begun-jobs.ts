/** The jobs that runners of a CI system have begun, as the webhook writes them down. */
import type { CloudClient } from "./cloud/client.ts";
import { listObjects } from "./cloud/oss/objects.ts";
import { begunFolder, begunKey } from "./keys.ts";

/** Comes after every job in the order of keys. */
const LAST = "~";
/** Among so many, one is of another job: each begins at a few instants at most. */
const MOST = 20;

interface Machine {
  readonly fleet: string;
  readonly runner: string;
}

/** Whether a machine has begun a job later than `after`, epoch ms, that is not `own`: one of `begunJob`. */
export async function hasBegunOther(
  { fleet, runner }: Machine,
  { after, own }: { readonly after: number; readonly own: string | undefined },
  cloud: CloudClient,
): Promise<boolean> {
  const folder = begunFolder(fleet, runner);
  const later = await listObjects(cloud, folder, { after: begunKey(folder, after, LAST), most: MOST });
  return later.some(({ key }) => !key.endsWith(`-${own}`));
}
