/** Webhooks of other systems: their settings, and what they post. */
import { createHmac } from "node:crypto";
import { request } from "node:http";
import type { Deployment } from "./deployment.ts";
import { answered } from "./runs.ts";

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** A request with these headers and nothing else. */
export function raw(
  kiln: Deployment,
  path: string,
  headers: Record<string, string>,
  body: string | Buffer,
): Promise<Raw> {
  const url = kiln.cloud.urls.http["kiln-webhook"] ?? "";
  const sent = new Promise<Raw>((resolve, reject) => {
    const outgoing = request(new URL(path, url), { method: "POST", headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
  return answered(kiln, kiln.cloud.time.hold(sent));
}

export const SENDER_SECRET = "a-secret-of-a-sender-0123456789";
/** Settings of one sender of each kind. */
export const SENDERS = {
  github: { kind: "github", secrets: [SENDER_SECRET], labels: { "kiln-web": { fleet: "web" } } },
  alerts: { kind: "alertmanager", tokens: [SENDER_SECRET], fleets: ["web"] },
  cloudmonitor: { kind: "cloudmonitor", tokens: [SENDER_SECRET], rules: { busy: { fleet: "web" } } },
  scaling: { kind: "generic", tokens: [SENDER_SECRET], fleets: ["web"] },
};

/** One delivery of each sender, of an event that happens at `now`. */
export function deliveries(
  now: number,
): readonly [path: string, headers: Record<string, string>, body: string][] {
  const at = new Date(now).toISOString();
  const job = JSON.stringify({
    action: "queued",
    repository: { full_name: "acme/shop" },
    workflow_job: { id: 42, run_attempt: 1, labels: ["kiln-web"], created_at: at },
  });
  const alert = { status: "firing", labels: { kiln_fleet: "web" }, startsAt: at, fingerprint: "f1" };
  const json = { "content-type": "application/json" };
  const bearer = { ...json, authorization: `Bearer ${SENDER_SECRET}` };
  const hub = `sha256=${createHmac("sha256", SENDER_SECRET).update(job).digest("hex")}`;
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const callback = new URLSearchParams({ alertName: "busy", alertState: "ALERT", timestamp: String(now) });
  return [
    ["/senders/github", { ...json, "x-hub-signature-256": hub }, job],
    ["/senders/alerts", bearer, JSON.stringify({ version: "4", alerts: [alert] })],
    [`/senders/cloudmonitor?token=${SENDER_SECRET}`, form, callback.toString()],
    ["/senders/scaling", bearer, JSON.stringify({ id: "s1", at, fleet: "web", count: 2 })],
  ];
}
