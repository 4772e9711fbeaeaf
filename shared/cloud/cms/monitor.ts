/** Calls of CloudMonitor, whose refusals may come with HTTP 200. */
import * as z from "zod/mini";
import { Text } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { cloudError } from "../refusal.ts";

/** The fields of every answer. */
export const verdict = () => ({
  Code: z.optional(Text),
  Message: z.optional(z.string()),
  RequestId: z.optional(z.string()),
});

type Verdict = z.infer<z.ZodMiniObject<ReturnType<typeof verdict>>>;

/** As `send`, of an action of CloudMonitor. @throws CloudError, for a refusal with HTTP 200 too */
export async function askMonitor<T extends Verdict>(
  client: CloudClient,
  action: string,
  params: Readonly<Record<string, string | undefined>>,
  answer: () => z.ZodMiniType<T>,
): Promise<T> {
  const page = await send(client, { action: { name: action, request: undefined }, params }, answer);
  const { Code: code = "200", Message: said = "", RequestId: requestId = "" } = page;
  if (code !== "200") throw cloudError({ product: "cms", action, code, status: 200, requestId, said });
  return page;
}
