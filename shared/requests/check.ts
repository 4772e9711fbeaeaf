/** The request to check a document and to write its index. */
import * as z from "zod/mini";
import { requestShape } from "./request.ts";

/** From a function that an upload started, from a timer's payload, or from `s invoke`. `key: "*"` means every document. */
export const CheckRequest = z.strictObject({
  ...requestShape,
  request: z.literal("check"),
  key: z.string(),
});
