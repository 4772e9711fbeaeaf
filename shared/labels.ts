/** Tags Kiln puts on what it makes. They are how a sweep, a person and a later run recognise it. */
export const TAG = {
  /** The run that made it: owner of everything temporary. */
  run: "kiln:run",
  /** builder, tester, image, copy, snapshot or member. */
  role: "kiln:role",
  recipe: "kiln:recipe",
  family: "kiln:family",
  fleet: "kiln:fleet",
  /** The idle run that stopped a member, and when: what a resume may start again. */
  stoppedBy: "kiln:stopped-by",
  stoppedAt: "kiln:stopped-at",
  /** When a request for instances started a stopped member, which is nobody's wish for this very one. */
  wokenAt: "kiln:woken-at",
  /** From when on an idle member may be stopped; it was announced. */
  stopAt: "kiln:stop-at",
  /** The image a member was launched from. */
  image: "kiln:image",
  /** Provenance of an image: what it was made from and who asked. */
  base: "kiln:base",
  inputRecipe: "kiln:input-recipe",
  inputObjects: "kiln:input-objects",
  inputParameters: "kiln:input-parameters",
  by: "kiln:by",
  /** passed or failed, once the image was tested. */
  gate: "kiln:gate",
  /** Where its promotion stands and by which run: `promoted promote-web-…`; see promote-family/standing.ts. */
  promotion: "kiln:promotion",
  /** Retention will delete it after this instant, if nothing needs it then. */
  retireAt: "kiln:retire-at",
} as const;

/** As instants are written into tags: to the second, in UTC. */
export const markOf = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
