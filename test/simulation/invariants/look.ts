/** How invariants look at a simulation: at calls, at what is new in a list, at every object that is written. */
import { BUCKET } from "../../support/deployment.ts";
import type { Simulation } from "../simulation.ts";

export type Params = Readonly<Record<string, string>>;

/** Judges the world at a call, before it has its effect or right after. */
export type Look = (simulation: Simulation, params: Params) => void;

/** Values of a repeated parameter: `InstanceId`, `InstanceId.1`, … */
export const listOf = (params: Params, name: string): string[] =>
  Object.entries(params)
    .filter(([key]) => key === name || key.startsWith(`${name}.`))
    .map(([, value]) => value);

/** Looks at calls of ECS. */
export function atCalls(
  simulation: Simulation,
  when: "before" | "after",
  action: readonly string[],
  ...looks: readonly Look[]
): void {
  const judge = (params: Params): void => {
    for (const look of looks) look(simulation, params);
  };
  simulation.kiln.cloud.faults.interleave({ product: "ecs", action, [when]: judge });
}

/** Judges each element of a growing list once; to be called whenever it may have grown. */
export function onceEach<T>(list: () => readonly T[], judge: (one: T) => void): () => void {
  let seen = 0;
  return () => {
    for (const one of list().slice(seen)) {
      seen++;
      judge(one);
    }
  };
}

interface Written {
  readonly key: string;
  readonly body: Buffer;
  /** Its content before, empty for a new object. */
  readonly before: Buffer;
}

/** Judges every object of the bucket when it is written. @param onRemoved gets the key of one that is deleted. */
export function atWrites(
  { kiln: { cloud } }: Simulation,
  judge: (written: Written) => void,
  onRemoved: (key: string) => void = () => {},
): void {
  const bodies = new Map<string, Buffer>();
  cloud.oss.subscribe(({ bucket, key, name }) => {
    if (bucket !== BUCKET) return;
    const body = cloud.oss.find(BUCKET, key)?.body;
    if (body === undefined || name.startsWith("ObjectRemoved")) {
      bodies.delete(key);
      return onRemoved(key);
    }
    const before = bodies.get(key) ?? Buffer.alloc(0);
    bodies.set(key, body);
    judge({ key, body, before });
  });
}
