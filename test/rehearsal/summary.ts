/** What a story came to, as facts and as a page for people. */
import type { Cloud } from "../cloud/index.ts";
import { findLeftovers, type Leftovers } from "./leftovers.ts";
import { spell } from "./screens/screen.ts";
import { ownImages, servedBy, tagsOf } from "./stage.ts";
import { TAG } from "../../shared/tags.ts";

export interface Summary {
  readonly images: readonly { id: string; name: string; family: string; status: string }[];
  /** What each family answers with when it is asked. */
  readonly families: readonly { family: string; imageId: string | undefined }[];
  readonly instances: readonly {
    id: string;
    type: string;
    fleet: string | undefined;
    imageId: string;
    status: string;
    stoppedMode: string;
  }[];
  /** Times each API action was called, by product. */
  readonly calls: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly invocations: readonly { function: string; count: number; cold: number; warm: number }[];
  readonly startedAt: string;
  readonly ended: string;
  readonly simulatedMs: number;
  readonly realMs: number;
  /** Modelled: the local cloud estimates durations and applies the price list of Function Compute to them. */
  readonly cost: { readonly cu: number; readonly cny: number; readonly modelled: true };
  readonly leftovers: Leftovers;
  /** Commands that the local cloud's machines do not simulate: their success proves nothing. */
  readonly notSimulated: readonly { readonly command: string; readonly times: number }[];
}

export async function summarise(cloud: Cloud, beganAt: number, realMs: number): Promise<Summary> {
  const images = ownImages(cloud);
  const names = [...new Set(images.map(({ family }) => family).filter(Boolean))];
  const families = await Promise.all(
    names.map(async (family) => ({ family, imageId: await servedBy(cloud, family) })),
  );
  const endedAt = cloud.time.now();
  return {
    images: images.map(({ imageId, name, family, status }) => ({ id: imageId, name, family, status })),
    families,
    instances: [...cloud.world.instances.values()].map(
      ({ instanceId, type, imageId, status, stoppedMode }) => ({
        id: instanceId,
        type: type.id,
        fleet: tagsOf(cloud, "instance", instanceId)[TAG.fleet],
        imageId,
        status,
        stoppedMode,
      }),
    ),
    calls: countCalls(cloud),
    invocations: [...cloud.fc.functions.keys()].map((name) => {
      const own = cloud.fc.invocations.filter((run) => run.function === name);
      const cold = own.filter(({ coldStart }) => coldStart).length;
      return { function: name, count: own.length, cold, warm: own.length - cold };
    }),
    startedAt: new Date(beganAt).toISOString(),
    ended: new Date(endedAt).toISOString(),
    simulatedMs: endedAt - beganAt,
    realMs: Math.round(realMs),
    cost: { ...cloud.fc.cost, modelled: true },
    leftovers: findLeftovers(cloud),
    notSimulated: countUnsupported(cloud),
  };
}

function countUnsupported({ world }: Cloud): Summary["notSimulated"] {
  const times = new Map<string, number>();
  for (const { command } of world.unsupported) times.set(command, (times.get(command) ?? 0) + 1);
  return [...times].map(([command, count]) => ({ command, times: count }));
}

function countCalls(cloud: Cloud): Summary["calls"] {
  const calls: Record<string, Record<string, number>> = {};
  for (const { product, action } of cloud.callLog.entries()) {
    const counts = (calls[product] ??= {});
    counts[action] = (counts[action] ?? 0) + 1;
  }
  return calls;
}

/** The summary as text, one fact a line; ten of a kind unless all are asked for. */
export function renderSummary(summary: Summary, isComplete = false): string {
  const all = [...resourceRows(summary), ...usageRows(summary)];
  const rows = isComplete ? all : all.map(([name, lines]): Row => [name, firstOf(lines)]);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows
    .flatMap(([name, lines]) =>
      (lines.length === 0 ? ["none"] : lines).map((line, n) => (n === 0 ? name : "").padEnd(width) + line),
    )
    .map((line) => `  ${line}`)
    .join("\n");
}

const SHOWN = 10;

const firstOf = (lines: readonly string[]): readonly string[] =>
  lines.length <= SHOWN ? lines : [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more`];

type Row = readonly [name: string, lines: readonly string[]];

const resourceRows = ({ images, families, instances }: Summary): Row[] => [
  [
    "images",
    images.map(({ id, name, family, status }) => `${id}  ${name}  ${status}  ${family || "no family"}`),
  ],
  ["families", families.map(({ family, imageId }) => `${family} → ${imageId ?? "nothing"}`)],
  [
    "instances",
    instances.map(({ id, type, status, stoppedMode, imageId }) => {
      const how = status === "Stopped" ? `${status} (${stoppedMode})` : status;
      return `${id}  ${type}  ${how}  of ${imageId}`;
    }),
  ],
];

const usageRows = (summary: Summary): Row[] => [
  ["calls", Object.entries(summary.calls).map(([product, counts]) => `${product}: ${listCounts(counts)}`)],
  [
    "invocations",
    summary.invocations.map(
      ({ function: name, count, cold, warm }) => `${name}: ${count} (${cold} cold, ${warm} warm)`,
    ),
  ],
  [
    "time",
    [`${spell(summary.simulatedMs)} simulated in ${(summary.realMs / 1000).toFixed(1)} s of real time`],
  ],
  [
    "functions cost",
    [`CNY ${summary.cost.cny.toFixed(4)} (${summary.cost.cu} CU), modelled by the local cloud`],
  ],
  ["left behind", orNothing(listLeftovers(summary.leftovers))],
  ["not simulated", orNothing(summary.notSimulated.map(spelled))],
];

const orNothing = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? ["nothing"] : lines);

const listLeftovers = (leftovers: Leftovers): string[] =>
  Object.entries(leftovers).flatMap(([kind, ids]) =>
    ids.length === 0 ? [] : [`${kind}: ${ids.join(", ")}`],
  );

const spelled = ({ command, times }: Summary["notSimulated"][number]): string =>
  times === 1 ? command : `${command} (${times} times)`;

const listCounts = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([action, count]) => `${action} ${count}`)
    .join(", ");
