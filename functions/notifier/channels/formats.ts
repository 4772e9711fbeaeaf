/** Every kind of channel. */
import * as z from "zod/mini";
import { dingtalk } from "./dingtalk.ts";
import { feishu } from "./feishu.ts";
import type { ChannelFormat } from "./format.ts";
import { json } from "./json.ts";
import { slack } from "./slack.ts";
import { wecom } from "./wecom.ts";

export const ChannelKind = z.enum(["dingtalk", "feishu", "wecom", "slack", "json"]);

export const FORMATS: Readonly<Record<z.infer<typeof ChannelKind>, ChannelFormat>> = {
  dingtalk,
  feishu,
  wecom,
  slack,
  json,
};
