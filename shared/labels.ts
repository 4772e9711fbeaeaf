/** Tags Kiln puts on what it makes. They are how a sweep, a person and a later run recognise it. */
export const TAG = {
  /** The run that made it: owner of everything temporary. */
  run: "kiln:run",
  /** builder, tester, image, snapshot or member. */
  role: "kiln:role",
  recipe: "kiln:recipe",
  family: "kiln:family",
  fleet: "kiln:fleet",
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
} as const;
