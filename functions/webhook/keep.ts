/**
 * The page behind the "keep it" link of an announced stop, `/keep/<fleet>/<instance>/<expires>/<signature>`.
 * A GET shows and a POST asks `stop-idle` to leave the instance alone for a day more; the door itself may not.
 */
import { days } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";
import { runId } from "../../shared/run.ts";
import { readSignedPath } from "../../shared/signed-link.ts";
import { accept } from "./accept.ts";
import { readApprovalSecret } from "./config.ts";
import { page } from "./page.ts";

export const isKeep = (path: string): boolean => path.startsWith("/keep/");

const FLEET = /^[a-z][a-z0-9-]{0,39}$/;
/** How long after the announced stop an instance is left alone. */
const KEPT_MS = days(1);

export async function answerKeep(
  { method, path }: { readonly method: string; readonly path: string },
  ports: Ports,
) {
  const link = readSignedPath(path, readApprovalSecret(), ports.clock.now());
  const [fleet = "", instance, ...more] = link.ok ? link.target.parts : [];
  if (
    !link.ok ||
    link.target.kind !== "keep" ||
    instance === undefined ||
    more.length > 0 ||
    !FLEET.test(fleet)
  ) {
    ports.log({ refused: link.ok ? "no member" : link.why, method, route: "keep" });
    const expired = !link.ok && link.why === "expired";
    return page(expired ? 410 : 404, expired ? "This link has expired." : "There is nothing here.");
  }
  const until = link.expiresAt + KEPT_MS;
  const shown = `${instance} of fleet ${fleet}`;
  const day = new Date(until).toISOString();
  if (method !== "POST") {
    return page(200, `${shown} is idle and going to be stopped.`, `Keep it until ${day}?`, BUTTON);
  }
  // From what the link says and nothing else, so that pressing twice is one run.
  const run = runId("keep", fleet, link.expiresAt, [instance]);
  const event = { v: 1, request: "keep", fleet, instance, until, run, by: "link" };
  await accept({ to: "stop-idle", run, event }, "link", ports);
  return page(200, `${shown} is left alone until ${day}.`);
}

const BUTTON = `<form method="post"><button>Keep it</button></form>`;
