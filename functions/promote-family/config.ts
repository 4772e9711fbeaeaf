/** The environment of promotions. The secret that signs links is not here: this function makes none. */
import { readWebhookAddress } from "../../shared/webhook-address.ts";

/** Whether the webhook has an address that links can go to; without it no approval can be given. */
export const hasWebhookAddress = (): boolean =>
  readWebhookAddress(process.env["KILN_WEBHOOK_URL"]) !== undefined;
