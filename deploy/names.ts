/** Where a deployment is, and the names of what belongs to it; s.yaml spells the same names. */

/** A deployment: one per account, region and stage. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  /** "" without one. */
  readonly stage: string;
  /** Names of RAM roles that builders and members of fleets may have. */
  readonly instanceRoles: readonly string[];
}

/** The beginning of the names of all functions. */
export const prefixOf = (stage: string): string => (stage === "" ? "kiln" : `kiln-${stage}`);

export const functionNameOf = ({ stage }: Place, folder: string): string => `${prefixOf(stage)}-${folder}`;

/** Roles and policies are global in an account, functions are regional: so the region is part of their names. */
export const roleNameOf = ({ stage, region }: Place, part: string): string =>
  `${prefixOf(stage)}-${region}-${part}`;
