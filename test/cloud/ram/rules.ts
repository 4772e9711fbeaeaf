/** Rules of RAM for names and documents: https://www.alibabacloud.com/help/doc-detail/28754.htm */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import type { Params } from "../core/params.ts";

/** https://www.alibabacloud.com/help/en/ram/limits */
const MAX_POLICY = 6144;
const MAX_TRUST = 2048;

export const roleName = (params: Params): string => name(params, "RoleName", /^[A-Za-z0-9.-]*$/, 64);
export const policyName = (params: Params): string => name(params, "PolicyName", /^[A-Za-z0-9-]*$/, 128);

function name(params: Params, parameter: string, pattern: RegExp, length: number): string {
  const value = params.need(parameter);
  const what = `The parameter - "${parameter}"`;
  refuseIf(
    value.length > length,
    400,
    `InvalidParameter.${parameter}.Length`,
    `${what} beyond the length limit.`,
  );
  refuseIf(
    !pattern.test(value),
    400,
    `InvalidParameter.${parameter}.InvalidChars`,
    `${what} contains invalid chars.`,
  );
  return value;
}

/** A policy document, checked as far as policies are evaluated here. */
export function document(params: Params, parameter: string): string {
  const text = read(params, parameter, MAX_POLICY);
  const isSound = statements(text)?.every(
    ({ Effect, Action, Resource }) =>
      (Effect === "Allow" || Effect === "Deny") && isTexts(Action) && isTexts(Resource),
  );
  if (isSound !== true) throw malformed(parameter);
  return text;
}

/** A trust document: who may assume a role. */
export function trustDocument(params: Params, parameter: string): string {
  const text = read(params, parameter, MAX_TRUST);
  const isSound = statements(text)?.every(
    ({ Effect, Action, Principal }) =>
      Effect === "Allow" && Action === "sts:AssumeRole" && typeof Principal === "object",
  );
  if (isSound !== true) throw malformed(parameter);
  return text;
}

function read(params: Params, parameter: string, length: number): string {
  const text = params.need(parameter);
  const message = `The parameter - "${parameter}" beyond the length limit.`;
  refuseIf(text.length > length, 400, `InvalidParameter.${parameter}.Length`, message);
  return text;
}

const malformed = (parameter: string): CloudFault =>
  new CloudFault(400, `InvalidParameter.${parameter}`, `The parameter - "${parameter}" is invalid.`);

type Loose = Readonly<Record<string, unknown>>;

function statements(text: string): readonly Loose[] | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is looked at below
    const { Version, Statement } = JSON.parse(text) as Loose;
    const isList = Version === "1" && Array.isArray(Statement) && Statement.length > 0;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a statement that is no object has no members
    return isList ? (Statement as Loose[]) : undefined;
  } catch {
    return undefined;
  }
}

const isTexts = (value: unknown): boolean =>
  typeof value === "string" ||
  (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string"));
