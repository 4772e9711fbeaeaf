/**
 * Stages: several deployments in one account and region, such as `dev` beside production. The stage is part of the names
 * of functions and roles (s.yaml), and of the families, because a family's name is global in its account and region.
 */

/** Without `-`, so that no two stages make the same name out of different parts. */
export const STAGE_PATTERN = /^[a-z][a-z0-9]{0,15}$/;

/** Public families of the cloud; they belong to no deployment. */
const PUBLIC = "acs:";

/**
 * A family as the cloud knows it: `web` of a recipe or a fleet is `dev-web` in stage dev. A name that has the stage
 * already, as records show it, stays as it is.
 */
export function stagedFamily(stage: string, family: string): string {
  const prefix = `${stage}-`;
  return stage === "" || family.startsWith(PUBLIC) || family.startsWith(prefix) ? family : prefix + family;
}
