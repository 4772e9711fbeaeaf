/** Which sender speaks, by its settings. Pure. */
import * as z from "zod/mini";
import { AlertmanagerSettings, hearAlertmanager } from "./alertmanager.ts";
import { CloudmonitorSettings, hearCloudmonitor } from "./cloudmonitor.ts";
import { GenericSettings, hearGeneric } from "./generic.ts";
import { GithubSettings, hearGithub } from "./github.ts";
import type { Heard, SenderRequest } from "./sender.ts";

export const SenderSettings = z.discriminatedUnion("kind", [
  GithubSettings,
  AlertmanagerSettings,
  CloudmonitorSettings,
  GenericSettings,
]);
export type SenderSettings = z.infer<typeof SenderSettings>;

export function hear(settings: SenderSettings, request: SenderRequest): Heard {
  switch (settings.kind) {
    case "github":
      return hearGithub(settings, request);
    case "alertmanager":
      return hearAlertmanager(settings, request);
    case "cloudmonitor":
      return hearCloudmonitor(settings, request);
    case "generic":
      return hearGeneric(settings, request);
  }
}
