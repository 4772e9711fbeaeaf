/** The verdicts of an idle check on the machines of its fleet. */
import * as z from "zod/mini";
import { getSmallObject } from "../../../shared/cloud/oss/objects.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { readJson } from "../../../shared/json.ts";
import { outputKey } from "../../../shared/keys.ts";
import { readRecord } from "./rows.ts";

/** The largest fleets have thousands of members, a few hundred bytes each. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Verdicts of an answer: those that change something first. */
const LISTED_MAX = 200;

const Stored = z.array(
  z.object({
    id: z.string(),
    act: z.enum(["keep", "warn", "stop"]),
    why: z.string(),
    reason: z.string(),
    numbers: z.array(z.object({ signal: z.string(), worst: z.optional(z.number()), below: z.number() })),
  }),
);

/** The verdict of a check on one machine. */
export type VerdictRow = z.infer<typeof Stored>[number];

export interface RunVerdicts {
  readonly verdicts: readonly VerdictRow[];
  /** How many there are, listed or not. */
  readonly of: number;
}

const ORDER = { stop: 0, warn: 1, keep: 2 } as const;

/** The verdicts of a run; undefined for a run that has none, or whose verdicts are gone. */
export async function verdicts(run: string, ports: Ports): Promise<RunVerdicts | undefined> {
  const key = (await readRecord(run, ports))?.result?.["verdicts"];
  if (typeof key !== "string" || !key.startsWith(outputKey(run, "verdicts-"))) return undefined;
  const read = await getSmallObject(ports.cloud, key, MAX_BYTES);
  const stored = Stored.safeParse(readJson((read.ok && read.value?.text) || ""));
  if (!stored.success) return undefined;
  const all = stored.data.toSorted((a, b) => ORDER[a.act] - ORDER[b.act]);
  return { verdicts: all.slice(0, LISTED_MAX), of: all.length };
}
