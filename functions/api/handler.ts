/**
 * The API of a deployment: callers read what it does, and change their documents. It answers from the logs of runs, the
 * bucket and the cloud, and remembers nothing; its role writes documents and their locks, and nothing else.
 */
import { answer, type HttpAnswer } from "../../shared/http/answer.ts";
import type { Call } from "../../shared/http/call.ts";
import { asCaller, httpHandler } from "../../shared/http/handler.ts";
import type { Ports } from "../../shared/invocation.ts";
import { changeDocument, type Change } from "./documents/change.ts";
import { storedDocument } from "./documents/stored.ts";
import { drift } from "./drift.ts";
import { families, family } from "./families.ts";
import { fleet, fleets } from "./fleets.ts";
import { history } from "./history.ts";
import { ancestry } from "./images/image.ts";
import { missingRoute, routeOf, type Routed } from "./routes.ts";
import { output, run } from "./runs/run.ts";
import { runPage } from "./runs/search.ts";
import { verdicts } from "./runs/verdicts.ts";
import { savings } from "./savings.ts";
import { senders } from "./senders.ts";
import { status } from "./status.ts";

export const handler = httpHandler({
  name: "api",
  serve: (call, ports) =>
    asCaller(call, ports, {
      missing: missingRoute,
      serve: ({ delivery }) => serveRoute(routeOf(call), { ...call, delivery }, ports),
    }),
});

const OVERVIEWS = {
  status,
  senders,
  history,
  families: async (ports: Ports) => ({ families: await families(ports) }),
  fleets: async (ports: Ports) => ({ fleets: await fleets(ports) }),
};

async function serveRoute(
  routed: Routed,
  call: Call & { readonly delivery: string },
  ports: Ports,
): Promise<HttpAnswer> {
  Object.assign(call.details, { routed: routed.kind });
  switch (routed.kind) {
    case "refuse":
      return answer(routed.status, { error: routed.error });
    case "runs":
      return answer(200, { ...(await runPage(routed.search, ports)) });
    case "output":
      return output(routed, ports);
    case "savings":
      return answer(200, { ...(await savings(ports, routed.month)) });
    case "plan":
      return answer(200, { ...(await planFrom(routed.cursor, ports)) });
    case "change":
      return changeDocument(changeOf(routed, call), ports);
    default: {
      const [value, missing] = await readOne(routed, ports);
      return value === undefined ? answer(404, { error: missing }) : answer(200, { ...value });
    }
  }
}

/** Loaded here only: other questions need no decisions. */
async function planFrom(cursor: string | undefined, ports: Ports) {
  const { plan } = await import("./plan/plan.ts");
  return plan(ports, cursor);
}

type One = Exclude<Routed, { readonly kind: "refuse" | "runs" | "output" | "savings" | "plan" | "change" }>;

/** An object, or undefined with the sentence that says so. */
async function readOne(
  routed: One,
  ports: Ports,
): Promise<readonly [value: object | undefined, missing: string]> {
  switch (routed.kind) {
    case "run":
      return [await run(routed.run, ports), `no run ${routed.run}`];
    case "verdicts":
      return [await verdicts(routed.run, ports), `run ${routed.run} has no verdicts`];
    case "drift":
      return [await drift(ports), NO_DRIFT];
    case "family":
      return [
        await family(routed.name, ports, routed.rollback),
        `no image of this deployment is in family ${routed.name}`,
      ];
    case "fleet":
      return [await fleet(routed.name, ports, routed.after), `there is no fleet ${routed.name}`];
    case "image":
      return [
        await ancestry(routed.name, ports),
        `no image ${routed.name} is visible, and nothing was made of it`,
      ];
    case "recipe":
    case "component":
      return [
        await storedDocument(`${routed.kind}s`, routed.name, ports),
        `there is no ${routed.kind} ${routed.name}`,
      ];
    default:
      return [await OVERVIEWS[routed.kind](ports), ""];
  }
}

const NO_DRIFT =
  "no drift was written in the last two hours; the timer reconcile of scale-out writes it every hour";

const changeOf = (
  routed: Routed & { readonly kind: "change" },
  { headers, body, delivery }: Call & { readonly delivery: string },
): Change => ({ ...routed, headers, delivery, text: body.toString("utf8") });
