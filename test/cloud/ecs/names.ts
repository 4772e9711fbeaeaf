/**
 * Names of batches and the rules for single names. Source: RunInstances, "API FAQ" on sequential names.
 *
 * CLOUD-NAME-1. `prefix[begin,bits]suffix` counts up; a prefix is required, begin is 0–999999, bits 1–6.
 * CLOUD-NAME-2. A begin longer than its bits widens them to six; past 999999 the number stays there.
 * CLOUD-NAME-3. UniqueSuffix appends 001… when there are several; a pattern without a suffix ignores it.
 */
import { CloudFault } from "../core/kernel.ts";
import { invalid } from "../core/params.ts";

const PATTERN = /^([^[\]]+)\[(\d{0,6})(?:,([1-6]?))?\](.*)$/;
const LAST_NUMBER = 999_999;
const SUFFIX_DIGITS = 3;

/** Name number `index` (from 0) of a batch of `amount`. */
export function batchName(given: string, index: number, amount: number, uniqueSuffix: boolean): string {
  const pattern = PATTERN.exec(given);
  const ordinal = uniqueSuffix && amount > 1 ? String(index + 1).padStart(SUFFIX_DIGITS, "0") : "";
  if (pattern === null) return given + ordinal;
  const [, prefix = "", begin = "", bits = "", suffix = ""] = pattern;
  const wanted = bits === "" ? 6 : Number(bits);
  const width = begin.length > wanted ? 6 : wanted;
  const number = Math.min(Number(begin || "0") + index, LAST_NUMBER);
  return prefix + String(number).padStart(width, "0") + suffix + (suffix === "" ? "" : ordinal);
}

/** @throws CloudFault 400 InvalidInstanceName.Malformed, 403 InvalidParams.InstanceNameExceed. */
export function checkInstanceName(name: string | undefined, uniqueSuffix: boolean): void {
  if (name === undefined) return;
  if (!/^[\p{L}\d:_.\-[\],]{2,128}$/u.test(name) || /^https?:\/\//.test(name)) {
    throw invalid("InstanceName", "InvalidInstanceName.Malformed");
  }
  if (uniqueSuffix && name.length + SUFFIX_DIGITS > 128) {
    throw new CloudFault(
      403,
      "InvalidParams.InstanceNameExceed",
      "The InstanceName with its unique suffix is too long.",
    );
  }
}

/** @throws CloudFault 400 InvalidHostName.Malformed, 403 InvalidParams.HostnameExceed. */
export function checkHostName(name: string | undefined, uniqueSuffix: boolean): void {
  if (name === undefined) return;
  const plain = name.replace(/\[\d*(,\d*)?\]/, "0").replace("${instance_id}", "0");
  const segments = plain.split(".");
  const wellFormed = segments.every((part) => /^[A-Za-z\d](?:-?[A-Za-z\d])*$/.test(part));
  if (plain.length < 2 || plain.length > 64 || !wellFormed)
    throw invalid("HostName", "InvalidHostName.Malformed");
  if (uniqueSuffix && plain.length + SUFFIX_DIGITS > 64) {
    throw new CloudFault(
      403,
      "InvalidParams.HostnameExceed",
      "The HostName with its unique suffix is too long.",
    );
  }
}

/** The rule for image names and, with another code, image families: 2–128, a letter first. */
export function checkImageWord(name: string, code: string, allowed: RegExp): void {
  const reserved = /^(aliyun|acs:|https?:\/\/)/;
  if (
    name.length < 2 ||
    name.length > 128 ||
    !allowed.test(name) ||
    reserved.test(name) ||
    name.includes("://")
  ) {
    throw new CloudFault(
      400,
      code,
      `The specified ${code.includes("Family") ? "ImageFamily" : "Image name"} is wrongly formed.`,
    );
  }
}

/** Without the period, which the tables of the other actions have. */
export function checkCreatedName(name: string): void {
  checkImageWord(name, "InvalidImageName.Malformed", /^\p{L}[\p{L}\d:_-]*$/u);
}

export function checkImageName(name: string): void {
  checkImageWord(name, "InvalidImageName.Malformed", /^\p{L}[\p{L}\d:_.-]*$/u);
}

export function checkImageFamily(name: string): void {
  checkImageWord(name, "InvalidImageFamily.Malformed", /^\p{L}[\p{L}\d:_.-]*$/u);
}

/** @throws CloudFault 400 InvalidDescription.Malformed: 2–256 characters, no address at the start. */
export function checkDescription(text: string | undefined): void {
  if (text === undefined) return;
  if (text.length < 2 || text.length > 256 || /^https?:\/\//.test(text)) {
    throw new CloudFault(400, "InvalidDescription.Malformed", "The specified description is wrongly formed.");
  }
}
