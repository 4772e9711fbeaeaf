/** Verifying a signed webhook of 4 KB, against one bare HMAC. */
import { createHmac } from "node:crypto";
import { verify } from "../../shared/http/verify.ts";
import { micros, millisOf, type Bench } from "./measure.ts";

const SECRET = "a secret of the benches 0123";
const CALLERS = { ci: { secrets: [SECRET, "the secret before it 0123456"], routes: ["POST /*"] } };
const NOW = Date.parse("2026-03-02T06:10:00Z");

export const bench: Bench = () => {
  const body = Buffer.from(JSON.stringify({ count: 3, note: "x".repeat(4096) }));
  const timestamp = String(NOW / 1000);
  const path = "/fleets/web/scale-out";
  const signed = Buffer.concat([Buffer.from(`ci\n${timestamp}\n\nPOST\n${path}\n`), body]);
  const signature = createHmac("sha256", SECRET).update(signed).digest("hex");
  const headers = {
    "x-kiln-caller": "ci",
    "x-kiln-timestamp": timestamp,
    "x-kiln-signature": `v2=${signature}`,
  };
  const call = { method: "POST", path, headers, query: {}, body };
  if (!verify(call, CALLERS, NOW).ok) throw new Error("the call of the bench is refused");
  const ours = millisOf(2000, () => verify(call, CALLERS, NOW));
  const bare = millisOf(2000, () => createHmac("sha256", SECRET).update(signed).digest("hex"));
  return Promise.resolve([
    {
      what: "a webhook of 4 KB, two live secrets",
      value: micros(ours),
      baseline: `one HMAC-SHA256 of it, ${micros(bare)}`,
      ratio: ours / bare,
      better: "lower",
    },
  ]);
};
