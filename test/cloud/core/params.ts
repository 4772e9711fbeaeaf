/**
 * Typed reading of flat parameters.
 *
 * RPC-PARAM-1. An empty string counts as absent, as on the cloud; tag values are the exception.
 * RPC-PARAM-2. A missing parameter is refused by the gateway in its own dialect: `Missing<Name>`, 400.
 * RPC-PARAM-3. Lists are `Name.1`, structures `Name.1.Field`; numbering may have gaps and the order is numeric.
 */
import { CloudFault } from "./kernel.ts";

export type Flat = Readonly<Record<string, string>>;

export interface Range {
  readonly min?: number;
  readonly max?: number;
  /** Replaces the general InvalidParameter code. */
  readonly code?: string;
  readonly status?: number;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

const MAX_TAGS = 20;

export function invalid(name: string, code = "InvalidParameter", status = 400): CloudFault {
  return new CloudFault(status, code, `The specified parameter ${name} is not valid.`);
}

export class Params {
  readonly flat: Flat;

  constructor(flat: Flat) {
    this.flat = flat;
  }

  has(name: string): boolean {
    return this.text(name) !== undefined;
  }

  /** The value, or undefined when absent or empty (RPC-PARAM-1). */
  text(name: string): string | undefined {
    const value = this.flat[name];
    return value === "" ? undefined : value;
  }

  /** @throws CloudFault 400 Missing<Name> (RPC-PARAM-2). */
  need(name: string): string {
    const value = this.text(name);
    if (value === undefined) {
      throw new CloudFault(
        400,
        `Missing${name.replaceAll(".", "")}`,
        `${name} is mandatory for this action.`,
      );
    }
    return value;
  }

  /** @throws CloudFault when the value is none of `values`. */
  oneOf<T extends string>(name: string, values: readonly T[], code?: string, status?: number): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = values.find((known) => known === value);
    if (found === undefined) throw invalid(name, code, status);
    return found;
  }

  /** @throws CloudFault when the value is no whole number within the range. */
  int(name: string, range: Range = {}): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, code, status } = range;
    if (!/^-?\d+$/.test(value) || number < min || number > max) throw invalid(name, code, status);
    return number;
  }

  /** @throws CloudFault when the value is neither true nor false. */
  bool(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (value !== "true" && value !== "false") throw invalid(name);
    return value === "true";
  }

  /** `Name.1`, `Name.2`, … in order. */
  list(name: string): string[] {
    return this.#numbers(name, /^\d+$/).flatMap((number) => this.text(`${name}.${number}`) ?? []);
  }

  /** As `list`, but a gateway refusal when empty. */
  needList(name: string): string[] {
    const list = this.list(name);
    if (list.length === 0)
      throw new CloudFault(400, `Missing${name}`, `${name} is mandatory for this action.`);
    return list;
  }

  /** `Name.1.…`, `Name.2.…` each as parameters of their own. */
  structs(name: string): Params[] {
    return this.#numbers(name, /^\d+\./).map((number) => this.struct(`${name}.${number}`));
  }

  /** `Name.Field` as parameters of their own. */
  struct(name: string): Params {
    const inner: Record<string, string> = {};
    const prefix = `${name}.`;
    for (const [key, value] of Object.entries(this.flat)) {
      if (key.startsWith(prefix)) inner[key.slice(prefix.length)] = value;
    }
    return new Params(inner);
  }

  /** A parameter that is one JSON array of strings, such as InstanceIds. */
  jsonList(name: string, max = 100): string[] | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    let parsed: unknown;
    try {
      parsed = JSON.parse(value);
    } catch {
      throw invalid(name);
    }
    if (!Array.isArray(parsed) || parsed.length > max) throw invalid(name);
    return parsed.map(String);
  }

  /** Tags to be put on something, checked. @throws CloudFault with the tag codes of the ECS tables. */
  tags(name = "Tag"): Tag[] {
    const tags = this.structs(name).map((tag) => ({
      key: tag.flat["Key"] ?? tag.flat["key"] ?? "",
      value: tag.flat["Value"] ?? tag.flat["value"] ?? "",
    }));
    if (tags.length > MAX_TAGS)
      throw new CloudFault(403, "QuotaExceed.Tags", "The number of tags exceeds the quota.");
    for (const { key, value } of tags) checkTag(key, value);
    if (new Set(tags.map((tag) => tag.key)).size !== tags.length) {
      throw new CloudFault(400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key.");
    }
    return tags;
  }

  /** Tags to filter by: a key alone matches every value. */
  tagFilters(name = "Tag"): { key: string; value: string | undefined }[] {
    return this.structs(name).map((tag) => ({
      key: tag.flat["Key"] ?? tag.flat["key"] ?? "",
      value: tag.text("Value") ?? tag.text("value"),
    }));
  }

  #numbers(name: string, rest: RegExp): number[] {
    const prefix = `${name}.`;
    const numbers = new Set<number>();
    for (const key of Object.keys(this.flat)) {
      if (key.startsWith(prefix) && rest.test(key.slice(prefix.length))) {
        numbers.add(Number.parseInt(key.slice(prefix.length), 10));
      }
    }
    return [...numbers].toSorted((a, b) => a - b);
  }
}

function checkTag(key: string, value: string): void {
  const reserved = /^(aliyun|acs:)/i;
  const address = /https?:\/\//;
  if (key === "" || key.length > 128 || reserved.test(key) || address.test(key)) {
    throw new CloudFault(400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid.");
  }
  if (value.length > 128 || /^acs:/i.test(value) || address.test(value)) {
    throw new CloudFault(400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid.");
  }
}
