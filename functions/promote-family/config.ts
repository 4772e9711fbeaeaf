/** The environment of promotions. The secret that signs links is not here: this function makes none. */

/** Whether links to the front door can be made; without its address an approval could never be given. */
export const hasFrontDoor = (environment: NodeJS.ProcessEnv = process.env): boolean =>
  (environment["KILN_WEBHOOK_URL"] ?? "") !== "";
