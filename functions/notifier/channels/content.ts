/** The texts and links of a notification, the same for every kind of channel. Pure. */
import type { Notification } from "../../../shared/notifications/notification.ts";
import type { Links } from "../links.ts";

/** A notification in words; `actions` are links that ask for a decision. */
export interface Content {
  readonly title: string;
  readonly lines: readonly string[];
  readonly actions: readonly { readonly label: string; readonly url: string }[];
  readonly links: Links;
  readonly notification: Notification;
}

export function contentOf(notification: Notification, links: Links): Content {
  const keep = Object.entries(links.keep ?? {}).map(([id, url]) => ({ label: `Keep ${id}`, url }));
  const approve = links.approve === undefined ? [] : [{ label: "Review", url: links.approve }];
  return {
    title: titleOf(notification),
    lines: linesOf(notification),
    actions: [...approve, ...keep],
    links,
    notification,
  };
}

function titleOf({ kind, subject, family, imageId = "no image", instances = [] }: Notification): string {
  switch (kind) {
    case "baked":
      return `${subject}: image ${imageId} built`;
    case "promoted":
      return `${subject}: family ${family} serves ${imageId}`;
    case "failed":
      return `${subject}: failed`;
    case "rolledBack":
      return `family ${family}: rolled back to ${imageId}`;
    case "approval":
      return `${subject}: approve ${imageId} for family ${family}?`;
    case "stopping":
      return `${subject}: ${instances.length} idle instances will be stopped`;
  }
}

function linesOf({ kind, reason, regions = [], by, run, expiresAt }: Notification): string[] {
  const day = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
  return [
    ...(reason === undefined ? [] : [reason]),
    ...(regions.length < 2 ? [] : [`in ${regions.join(", ")}`]),
    ...(day === undefined ? [] : [`${kind === "stopping" ? "from" : "until"} ${day}`]),
    `run ${run}, started by ${by}`,
  ];
}
