/**
 * Tags Kiln puts on the resources it creates. The janitor, operators and later runs recognise them by these.
 * A resource takes 20 tags, so each kind has its list here and users get the rest.
 *
 * OWN-1. Several deployments may share an account and a region, with recipes and fleets of the same names. So
 *     everything Kiln creates carries the name of its deployment's bucket, which no other bucket in the world has.
 * OWN-2. A search by Kiln's tags asks for it too, or drops what carries another one. A resource without it is of a
 *     version before this tag: it counts against limits, and nothing else, until it is adopted (shared/ownership.ts).
 * OWN-3. Right before Kiln changes a resource, it reads its tags: neither an event nor a record is reason enough.
 */

export const TAG = {
  /** The deployment that created it (OWN-1). */
  deployment: "kiln:deployment",
  /** The run that created it: owner of everything temporary. */
  run: "kiln:run",
  /** See `ROLE`. */
  role: "kiln:role",
  recipe: "kiln:recipe",
  family: "kiln:family",
  fleet: "kiln:fleet",
  /** The idle check that stopped a member, and when: a resume may start it again. */
  stoppedBy: "kiln:stopped-by",
  stoppedAt: "kiln:stopped-at",
  /** When a scale-out started a stopped member, and its run: that start does not protect this member in particular. */
  wokenAt: "kiln:woken-at",
  /** From when on an idle member may be stopped; it was announced. */
  stopAt: "kiln:stop-at",
  /** Set by users: working hours of one member instead of those of its fleet, such as `Mon-Fri 08:00-20:00`. */
  upDuring: "kiln:up-during",
  /** Set by users: opts a member out of idle checks, or an image out of retention, always or until an instant. */
  keep: "kiln:keep",
  /** The image a member was launched from, or the image of a copy or snapshot. */
  image: "kiln:image",
  /** Provenance of an image: its inputs, and who asked for it. */
  base: "kiln:base",
  inputRecipe: "kiln:input-recipe",
  inputObjects: "kiln:input-objects",
  inputParameters: "kiln:input-parameters",
  by: "kiln:by",
  /** The git commit of its recipe, on an image that has a tag to spare. */
  commit: "kiln:commit",
  /** The result of the image test: passed or failed. */
  test: "kiln:gate",
  /** The promotion status of an image and the run that set it: `promoted promote-web-…`. */
  promotion: "kiln:promotion",
  /** Retention deletes the image after this instant, unless something needs it then. */
  retireAt: "kiln:retire-at",
} as const;

/** Values of `TAG.role`. */
export const ROLE = {
  builder: "builder",
  tester: "tester",
  member: "member",
  image: "image",
  copy: "copy",
  snapshot: "snapshot",
} as const;

/** Every tag Kiln writes on one image. */
const IMAGE_TAGS = [
  TAG.deployment,
  TAG.run,
  TAG.role,
  TAG.recipe,
  TAG.base,
  TAG.inputRecipe,
  TAG.inputObjects,
  TAG.inputParameters,
  TAG.by,
  TAG.test,
  TAG.promotion,
  TAG.retireAt,
] as const;

/** Every tag Kiln writes on one member of a fleet. */
const MEMBER_TAGS = [
  TAG.deployment,
  TAG.run,
  TAG.role,
  TAG.fleet,
  TAG.image,
  TAG.stoppedBy,
  TAG.stoppedAt,
  TAG.wokenAt,
  TAG.stopAt,
  TAG.keep,
] as const;

/** Tags on one resource: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-tagresources */
export const TAGS_MAX = 20;

/** How many tags are left for the user. */
export const OWN_TAGS_MAX = {
  image: TAGS_MAX - IMAGE_TAGS.length,
  member: TAGS_MAX - MEMBER_TAGS.length,
} as const;

export type Tags = Readonly<Record<string, string>>;

/** A deployment; a cloud client is connected for one. */
export interface Owner {
  readonly access: { readonly bucket: string };
}

interface Tagged {
  readonly tags: Tags;
}

/** `tags` with that of this deployment: for all that Kiln creates, and for searches (OWN-2). */
export const ownTags = ({ access }: Owner, tags: Tags): Tags => ({
  ...tags,
  [TAG.deployment]: access.bucket,
});

/** The tags of what a run created in a role. */
export const runTags = (owner: Owner, run: string, role: string): Tags =>
  ownTags(owner, { [TAG.run]: run, [TAG.role]: role });

/** Whether this deployment created a resource. */
export const isOwn = ({ access }: Owner, { tags }: Tagged): boolean => tags[TAG.deployment] === access.bucket;

/** Whether another deployment created it. */
export const isForeign = (owner: Owner, resource: Tagged): boolean =>
  TAG.deployment in resource.tags && !isOwn(owner, resource);

/** The tags by which the members of a fleet are found. */
export const memberTags = (fleet: string): Tags => ({ [TAG.fleet]: fleet, [TAG.role]: ROLE.member });

/** An instant as tags hold it: to the second, in UTC. */
export const tagInstant = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
