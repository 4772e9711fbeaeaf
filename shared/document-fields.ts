/** Where a value of the cloud stands in the document of a run: a refusal names it, whichever call was refused. Pure. */
import type { CloudError } from "./errors.ts";

/** The path of the first field with this value, as authors write it; of an entry of a list without its number. */
export function fieldOf(document: unknown, value: string, inList = false): string | undefined {
  const isList = Array.isArray(document);
  if (document === value || (isList && [...document, String(document)].includes(value))) return "";
  if (typeof document !== "object" || document === null) return undefined;
  for (const [key, inner] of Object.entries(document)) {
    const below = fieldOf(inner, value, isList);
    if (below === undefined) continue;
    const own = isList || (inList && OF_ENTRIES.has(key)) ? "" : nameOf(key, inner);
    return [own, below].filter((part) => part !== "").join(".");
  }
  return undefined;
}

/** What an entry may be short for. */
const OF_ENTRIES = new Set(["id", "region"]);

/** A complete document has the kind of its source beside the fields. */
function nameOf(key: string, inner: unknown): string {
  if (key === "encryption") return "encrypt";
  const kind: unknown = key === "source" ? Object(inner).kind : undefined;
  return typeof kind === "string" ? `${key}.${kind}` : key;
}

/** The same error with the place of its value in the document of a run, unless that is known already. */
export function placedIn(input: unknown, error: CloudError): CloudError {
  const { parameter = "", value = "" } = error.refused ?? {};
  const field = value === "" ? undefined : fieldOf(Object(input).document, value);
  return field === undefined || field === "" ? error : error.in({ [parameter]: field });
}
