/** The environment of promotions. The secret that signs links is not here: this function makes none. */

/** Whether the webhook has an address; without it no approval can be given. */
export const hasWebhookUrl = (environment: NodeJS.ProcessEnv = process.env): boolean =>
  (environment["KILN_WEBHOOK_URL"] ?? "") !== "";
