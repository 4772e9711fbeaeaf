/**
 * The world as lists show it: what it was a while ago, when a test says that they lag.
 *
 * READ-MODEL-1. A list shows each instance, disk, image and snapshot, and all tags, as they were `lagMs` ago: new ones are
 *     missing, deleted ones are there in their last state, and every member is old, the status included. Source: "eventual
 *     consistency of ECS OpenAPI resources", which names no duration,
 *     https://help.aliyun.com/zh/ecs/developer-reference/final-consistency-of-alibaba-cloud-ecs-openapi-resources
 * READ-MODEL-2. Every other call acts on the truth. The page says that an operation on a new resource may be refused as one
 *     on a missing resource too; that is not simulated.
 */
import { Imaging } from "./imaging.ts";
import type { Disk, Image, Instance, Snapshot } from "./records.ts";
import { TagBook } from "./tag-book.ts";
import type { World } from "./world.ts";

/** The actions that READ-MODEL-1 is about. */
export const LISTS: ReadonlySet<string> = new Set([
  "DescribeDisks",
  "DescribeImageFromFamily",
  "DescribeImages",
  "DescribeInstanceStatus",
  "DescribeInstances",
  "DescribeSnapshots",
  "ListTagResources",
]);

interface Change<T> {
  readonly at: number;
  readonly key: string;
  /** Undefined for a record that was not there. */
  readonly before: T | undefined;
}

/** The records of one kind, now and before. */
class Past<T extends object> {
  readonly #read: () => Iterable<readonly [key: string, record: T]>;
  #known = new Map<string, T>();
  #changes: Change<T>[] = [];

  constructor(read: () => Iterable<readonly [key: string, record: T]>) {
    this.#read = read;
    this.#known = new Map([...read()].map(([key, record]) => [key, copyOf(record)]));
  }

  /** Notes what has changed since the last time, and forgets what was so before `keptFrom`. */
  observe(at: number, keptFrom: number): void {
    this.#changes = this.#changes.filter((change) => change.at > keptFrom);
    const known = new Map<string, T>();
    for (const [key, record] of this.#read()) {
      const before = this.#known.get(key);
      const isSame = before !== undefined && sameValue(before, record);
      if (!isSame) this.#changes.push({ at, key, before });
      known.set(key, isSame ? before : copyOf(record));
    }
    for (const [key, before] of this.#known) if (!known.has(key)) this.#changes.push({ at, key, before });
    this.#known = known;
  }

  asOf(at: number): Map<string, T> {
    const records = new Map(this.#known);
    for (const { key, before, at: changedAt } of this.#changes.toReversed()) {
      if (changedAt <= at) continue;
      if (before === undefined) records.delete(key);
      else records.set(key, before);
    }
    return records;
  }
}

export class ReadModel {
  readonly #world: World;
  readonly #instances: Past<Instance>;
  readonly #disks: Past<Disk>;
  readonly #images: Past<Image>;
  readonly #snapshots: Past<Snapshot>;
  readonly #tags: Past<ReadonlyMap<string, string>>;
  lagMs: number;

  constructor(world: World, lagMs: number) {
    this.#world = world;
    this.lagMs = lagMs;
    this.#instances = new Past(() => world.instances);
    this.#disks = new Past(() => world.disks);
    this.#images = new Past(() => world.images);
    this.#snapshots = new Past(() => world.snapshots);
    this.#tags = new Past(() => world.tags.entries());
  }

  /** To be called before time passes. */
  observe(): void {
    const now = this.#world.now();
    for (const past of [this.#instances, this.#disks, this.#images, this.#snapshots, this.#tags]) {
      past.observe(now, now - this.lagMs);
    }
  }

  /** A world for lists to read. */
  shown(): World {
    this.observe();
    const at = this.#world.now() - this.lagMs;
    const members = {
      instances: inOrder(this.#instances.asOf(at)),
      disks: inOrder(this.#disks.asOf(at)),
      images: inOrder(this.#images.asOf(at)),
      snapshots: inOrder(this.#snapshots.asOf(at)),
      tags: TagBook.of(this.#tags.asOf(at)),
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a world with other members
    const world = Object.create(this.#world, Object.getOwnPropertyDescriptors(members)) as World;
    return Object.defineProperty(world, "imaging", { value: new Imaging(world) });
  }
}

const inOrder = <T extends { readonly seq: number }>(records: ReadonlyMap<string, T>): Map<string, T> =>
  new Map([...records].toSorted(([, a], [, b]) => a.seq - b.seq));

/** A copy that later changes of a record do not reach; its lists are copied, what is in them is shared. */
function copyOf<T extends object>(record: T): T {
  if (record instanceof Map) return copyOfList(record);
  const entries = Object.entries(record).map(([name, value]: [string, unknown]) => [name, copyOfList(value)]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same members
  return Object.fromEntries(entries) as T;
}

function copyOfList<T>(value: T): T {
  const copy: unknown =
    value instanceof Map
      ? new Map(value)
      : value instanceof Set
        ? new Set(value)
        : Array.isArray(value)
          ? [...(value as unknown[])]
          : value;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the same class
  return copy as T;
}

/** Whether a copy is still right. */
function sameValue(copy: object, record: object): boolean {
  if (copy instanceof Map) return sameList(copy, record);
  const names = Object.keys(record);
  return names.every((name) => sameList(Reflect.get(copy, name), Reflect.get(record, name)));
}

function sameList(copy: unknown, value: unknown): boolean {
  if (copy === value) return true;
  const [old, now] = [itemsOf(copy), itemsOf(value)];
  return old !== undefined && old.length === now?.length && old.every((item, n) => item === now[n]);
}

function itemsOf(value: unknown): unknown[] | undefined {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)].flat();
  return Array.isArray(value) || value instanceof Set ? [...(value as Iterable<unknown>)] : undefined;
}
