/** Tokens with every character, as HTTP carries them: each works or is refused when it is configured. */
import { test } from "vitest";
import { parseWebhook, SenderSettings } from "../../../../functions/webhook/senders/parse-webhook.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const FLEET = { fleet: "web" };
const KINDS = [
  { kind: "alertmanager", fleets: ["web"] },
  { kind: "generic", fleets: ["web"] },
  { kind: "cloudmonitor", rules: { "busy-web": FLEET } },
] as const;

/** The forms in which an address is stored: as it is typed, and encoded. */
const ADDRESSED = [(token: string) => token, encodeURIComponent];

function verified(kind: (typeof KINDS)[number], token: string): boolean | "refused" {
  const settings = SenderSettings.safeParse({ ...kind, tokens: [token] });
  if (!settings.success) return "refused";
  const isKnown = (given: { readonly query?: string; readonly authorization?: string }): boolean =>
    parseWebhook(settings.data, {
      headers: { authorization: given.authorization ?? "" },
      query: {
        token:
          new URL(`https://kiln.example.com/?token=${given.query ?? ""}`).searchParams.get("token") ?? "",
      },
      body: Buffer.from("{}"),
      now: NOW,
      region: "cn-hangzhou",
    }).kind !== "refused";
  if (kind.kind === "cloudmonitor") return ADDRESSED.every((write) => isKnown({ query: write(token) }));
  // Bytes of a header are read as Latin-1.
  const authorization = Buffer.from(`Bearer ${token}`).toString("latin1").trim();
  return isKnown({ authorization });
}

const CHARACTERS = [...Array(0x180).keys(), 0x4ee4, 0x1f525].map((code) => String.fromCodePoint(code));

test("a token with any character, anywhere in it, works or is refused when it is configured", ({
  expect,
}) => {
  for (const kind of KINDS)
    for (const one of CHARACTERS)
      for (const token of [`${one}0123456789abcdef`, `01234567${one}89abcdef`, `0123456789abcdef${one}`])
        expect(verified(kind, token), `${kind.kind} ${JSON.stringify(token)}`).not.toBe(false);
});

test("letters, digits and the marks of Base64 work everywhere", ({ expect }) => {
  for (const kind of KINDS)
    for (const token of ["abcXYZ0123456789", "ab+cd/ef==012345", "a-b_c.d~e!01234567"])
      expect(verified(kind, token), `${kind.kind} ${token}`).toBe(true);
});

test("of a thousand alerts the valid ones are asked for once each, and the answer lists every invalid one", ({
  expect,
}) => {
  const settings = SenderSettings.parse({ ...KINDS[0], tokens: ["0123456789abcdef"] });
  const startsAt = new Date(NOW).toISOString();
  const alert = (n: number) => ({ status: "firing", labels: { kiln_fleet: "web", n: `${n}` }, startsAt });
  const spoilt = [
    null,
    { ...alert(0), startsAt: "soon" },
    { ...alert(0), labels: { kiln_fleet: "__proto__" } },
    { ...alert(0), annotations: { kiln_count: "1e9" } },
    { ...alert(0), labels: 7 },
  ];
  const alerts = Array.from({ length: 1000 }, (_, n) => (n % 4 === 3 ? spoilt[n % 5] : alert(n)));
  const parse = (given: readonly unknown[]) =>
    parseWebhook(settings, {
      headers: { authorization: "Bearer 0123456789abcdef" },
      query: {},
      body: Buffer.from(JSON.stringify({ version: "4", alerts: [...given, ...given.slice(0, 9)] })),
      now: NOW,
      region: "cn-hangzhou",
    });
  const parsed = parse(alerts);
  if (parsed.kind !== "launch") throw new Error(parsed.kind);
  const { launches, refused = [] } = parsed;
  expect(launches.reduce((sum, { count }) => sum + count, 0)).toBe(750);
  expect(refused.slice(0, 250).map(({ at }) => at)).toEqual(
    alerts.flatMap((_, n) => (n % 4 === 3 ? [`alerts[${n}]`] : [])),
  );
});
