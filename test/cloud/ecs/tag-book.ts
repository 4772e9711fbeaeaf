/** Every tag of every resource, by resource and by key. Source: TagResources, ListTagResources. */
import type { Tag } from "../core/params.ts";

export interface TagFilter {
  readonly key: string;
  readonly value: string | undefined;
}

/** A tag filter of a Describe call sees no more resources than this; ListTagResources has no such limit. */
const FILTER_CAP = 1000;

export class TagBook {
  readonly #byResource = new Map<string, Map<string, string>>();
  readonly #byKey = new Map<string, Map<string, string>>();

  /** A book with these tags, keyed as `entries`. */
  static of(tags: Iterable<readonly [resource: string, tags: ReadonlyMap<string, string>]>): TagBook {
    const book = new TagBook();
    for (const [resource, own] of tags) {
      const [type = "", ...id] = resource.split(" ");
      book.put(
        type,
        id.join(" "),
        [...own].map(([key, value]) => ({ key, value })),
      );
    }
    return book;
  }

  /** The tags of every resource, keyed by `<type> <id>`. */
  entries(): Iterable<readonly [resource: string, tags: ReadonlyMap<string, string>]> {
    return this.#byResource;
  }

  put(type: string, id: string, tags: readonly Tag[]): void {
    for (const { key, value } of tags) {
      slot(this.#byResource, `${type} ${id}`).set(key, value);
      slot(this.#byKey, `${type} ${key}`).set(id, value);
    }
  }

  remove(type: string, id: string, keys?: readonly string[]): void {
    const own = this.#byResource.get(`${type} ${id}`);
    if (own === undefined) return;
    for (const key of keys ?? own.keys()) {
      own.delete(key);
      this.#byKey.get(`${type} ${key}`)?.delete(id);
    }
    if (own.size === 0) this.#byResource.delete(`${type} ${id}`);
  }

  of(type: string, id: string): Tag[] {
    return [...(this.#byResource.get(`${type} ${id}`) ?? [])].map(([key, value]) => ({ key, value }));
  }

  count(type: string, id: string): number {
    return this.#byResource.get(`${type} ${id}`)?.size ?? 0;
  }

  has(type: string, id: string, key: string): boolean {
    return this.#byResource.get(`${type} ${id}`)?.has(key) ?? false;
  }

  /** Ids of one type that carry all filters, in the order of tagging. */
  find(type: string, filters: readonly TagFilter[]): string[] {
    const [first, ...others] = filters;
    if (first === undefined) return [];
    const found: string[] = [];
    for (const [id, value] of this.#byKey.get(`${type} ${first.key}`) ?? []) {
      if (first.value !== undefined && first.value !== value) continue;
      const own = this.#byResource.get(`${type} ${id}`);
      if (
        others.every(
          (tag) => own?.has(tag.key) && (tag.value === undefined || own.get(tag.key) === tag.value),
        )
      ) {
        found.push(id);
      }
    }
    return found;
  }

  /** As `find` for the filters of Describe calls: only the first thousand resources are seen. */
  filter(type: string, filters: readonly TagFilter[]): Set<string> | undefined {
    if (filters.length === 0) return undefined;
    return new Set(this.find(type, filters).slice(0, FILTER_CAP));
  }
}

function slot(book: Map<string, Map<string, string>>, name: string): Map<string, string> {
  let inner = book.get(name);
  if (inner === undefined) book.set(name, (inner = new Map()));
  return inner;
}
