/** Reads a document in a test: what is wrong with it. */
import type { Help } from "../../../shared/documents/explanations.ts";
import { help } from "../../../shared/documents/help.ts";
import { DocumentError, type Place, type Problem } from "../../../shared/errors.ts";

/** A sound recipe without steps, to which a test adds lines. */
export const RECIPE = `source:
  builder:
    family: acs:alibaba_cloud_linux_3_2104_lts_x64
    instanceTypes: [ecs.g7.large]
    vSwitchIds: [vsw-hangzhou-h]
    securityGroupId: sg-default0001
family: web
`;

/** A fleet without limits. */
export const FLEET = `family: web
launch:
  InstanceType: [ecs.g7.large]
  VSwitchId: [vsw-hangzhou-h]
  SecurityGroupId: sg-default0001
`;

type Parse = (name: string, text: string, help: Help) => unknown;

/** Every problem of a text; none for a sound document. */
export function problemsWith(parse: Parse, text: string): readonly Problem[] {
  try {
    parse("web", text, help);
    return [];
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.problems;
  }
}

const lineOf = (place: Place | undefined): string =>
  place === undefined ? "" : `line ${place.line}, column ${place.column}`;

/** `path: message` of every problem, one line each. JSON is YAML, so objects are fine. */
export function problemsIn(parse: Parse, document: unknown): string[] {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return problemsWith(parse, text).map(({ path, message, place }) => `${path || lineOf(place)}: ${message}`);
}
