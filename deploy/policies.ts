/**
 * Roles and their policies, from the templates of `shared/ram/`: one file for each function, one for the uploads that OSS
 * reports, and the trust documents.
 *
 * POLICY-1. A policy names the bucket of its deployment and the functions of its stage, so that no deployment reads or
 *     invokes what another one has.
 * POLICY-2. A list in place of a placeholder that is empty takes its statement with it: nothing is allowed by a blank.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { prefixOf, roleNameOf, type Place } from "./names.ts";

const FOLDER = join(import.meta.dirname, "../shared/ram");
const OSS_EVENTS = "oss-events";

interface Statement {
  readonly Effect: "Allow";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A policy document of RAM. */
export interface PolicyDocument {
  readonly Version: "1";
  readonly Statement: readonly Statement[];
}

/** A role of a deployment and what it may do. */
export interface Role {
  /** Name of the role and of its one policy. */
  readonly name: string;
  /** The folder of its function, or `oss-events`. */
  readonly part: string;
  readonly policy: PolicyDocument;
  /** Who may assume it, as RAM writes it. */
  readonly trust: string;
}

/** The parts of a deployment that have a role. */
export const partsOf = (): readonly string[] =>
  readdirSync(FOLDER)
    .map((file) => basename(file, ".json"))
    .filter((part) => !part.startsWith("trust-"));

/** The roles of a deployment, by part. */
export function rolesOf(place: Place): readonly Role[] {
  return partsOf().map((part) => roleFrom(place, part, readTemplate(part)));
}

/** The role of a part, from the template of its policy. */
export const roleFrom = (place: Place, part: string, template: string): Role => ({
  name: roleNameOf(place, part),
  part,
  policy: policyOf(template, place),
  trust: readTemplate(part === OSS_EVENTS ? "trust-oss" : "trust-fc"),
});

const readTemplate = (name: string): string => readFileSync(join(FOLDER, `${name}.json`), "utf8");

function policyOf(template: string, place: Place): PolicyDocument {
  const { account, region, bucket, stage, instanceRoles } = place;
  const values: Readonly<Record<string, string>> = { account, region, bucket, prefix: prefixOf(stage) };
  const text = template
    .replaceAll(/\$\{(account|region|bucket|prefix)\}/g, (_, name: string) => values[name] ?? "")
    .replaceAll(
      `"\${instanceRoles}"`,
      JSON.stringify(instanceRoles.map((name) => `acs:ram::${account}:role/${name}`)),
    );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this repository
  const { Version, Statement } = JSON.parse(text) as PolicyDocument;
  return { Version, Statement: Statement.filter(({ Resource }) => Resource.length > 0) };
}
