/**
 * Resources of a version before `kiln:deployment`.
 *
 * ADOPT-1. Such a resource belongs to the deployment whose bucket has a record of the run in its tags. It gets that
 *     deployment's tag, once, and is like any other from then on.
 * ADOPT-2. A run that no record names may be another deployment's: its resources are left alone.
 */
import { isRunId } from "./names.ts";
import { TAG } from "./tags.ts";

interface Resource {
  readonly tags: Readonly<Record<string, string>>;
}

/** The run of a resource that no deployment has; undefined for any other resource. */
export function unadoptedRun({ tags }: Resource): string | undefined {
  const run = tags[TAG.run];
  return TAG.deployment in tags || run === undefined || !isRunId(run) ? undefined : run;
}
