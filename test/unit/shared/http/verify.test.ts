import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { test } from "vitest";
import type { Caller } from "../../../../shared/http/config.ts";
import { verify } from "../../../../shared/http/verify.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const OLD = "an-old-secret-0123456789";
const NEW = "a-new-secret-0123456789";
const CALLERS: Record<string, Caller> = {
  ci: { secrets: [OLD, NEW], routes: ["POST /fleets/web/scale-out", "GET /runs/*"] },
};
const BODY = '{"count":1}';

interface Changes {
  readonly caller?: string;
  readonly secret?: string;
  readonly at?: number | string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly signature?: string;
  readonly nonce?: string;
  readonly version?: "v1" | "v2";
}

const GOOD = {
  caller: "ci",
  secret: NEW,
  at: NOW,
  method: "POST",
  path: "/fleets/web/scale-out",
  body: BODY,
  nonce: "",
  version: "v2",
};

/** A request signed as callers do; `changed` is what is changed after signing. */
function signed(changes: Changes = {}, changed: Changes = {}) {
  const { at, secret, version, ...request } = { ...GOOD, ...changes };
  const timestamp = typeof at === "string" ? at : String(at / 1000);
  const signature = createHmac("sha256", secret)
    .update(
      version === "v1"
        ? `${timestamp}\n${request.method}\n${request.path}\n${request.body}`
        : `${request.caller}\n${timestamp}\n${request.nonce}\n${request.method}\n${request.path}\n${request.body}`,
    )
    .digest("hex");
  const sent = { ...request, at: timestamp, signature: `${version}=${signature}`, ...changed };
  return {
    method: sent.method,
    path: sent.path,
    headers: {
      "x-kiln-caller": sent.caller,
      "x-kiln-timestamp": String(sent.at),
      "x-kiln-signature": sent.signature,
      "x-kiln-nonce": sent.nonce,
    },
    body: Buffer.from(sent.body),
  };
}

test("both live secrets are valid, so that one can be replaced without a gap", ({ expect }) => {
  for (const secret of [OLD, NEW]) {
    expect(verify(signed({ secret }), CALLERS, NOW)).toMatchObject({ ok: true, caller: "ci", sentAt: NOW });
  }
  expect(verify(signed({ secret: "a-retired-secret-0123456789" }), CALLERS, NOW).ok).toBe(false);
});

test("a request that is changed after signing is refused, in the same words for every change", ({
  expect,
}) => {
  const changes: Changes[] = [
    { method: "GET" },
    { path: "/fleets/web/stop" },
    { body: '{"count":9}' },
    { at: NOW / 1000 + 1 },
    { caller: "absent" },
    { caller: "__proto__" },
    { signature: "v1=" },
    { signature: "" },
    { signature: "v2=" },
    { nonce: "another-nonce" },
    { signature: `v2=${"0".repeat(64)}` },
  ];
  for (const sent of changes) {
    expect(verify(signed({}, sent), CALLERS, NOW)).toMatchObject({ ok: false, status: 401 });
  }
});

test("a signature with one other digit is refused, wherever the digit is", ({ expect }) => {
  const request = signed();
  const good = request.headers["x-kiln-signature"];
  for (let at = "v2=".length; at < good.length; at++) {
    const other = good[at] === "0" ? "1" : "0";
    const signature = `${good.slice(0, at)}${other}${good.slice(at + 1)}`;
    const headers = { ...request.headers, "x-kiln-signature": signature };
    expect(verify({ ...request, headers }, CALLERS, NOW), `digit ${at}`).toMatchObject({
      ok: false,
      status: 401,
    });
  }
  expect(good).toHaveLength("v2=".length + 64);
});

test("version 1 is accepted; version 2 binds the caller, whose secret another one may have", ({ expect }) => {
  const callers = { ...CALLERS, cd: { secrets: [NEW], routes: ["POST /*"] } };
  expect(verify(signed({ version: "v1" }), callers, NOW)).toMatchObject({ ok: true, caller: "ci" });
  expect(verify(signed({}, { caller: "cd" }), callers, NOW)).toMatchObject({
    ok: false,
    why: expect.stringMatching(/^the signature is wrong: /),
  });
  const v1 = signed({ version: "v1" }).headers["x-kiln-signature"];
  expect(verify(signed({}, { signature: v1.replace("v1", "v2") }), callers, NOW).ok).toBe(false);
});

test("equal requests of one second are two with different nonces, and one when they are sent again", ({
  expect,
}) => {
  const idOf = (nonce: string) => {
    const verified = verify(signed({ nonce }), CALLERS, NOW);
    return verified.ok ? verified.delivery : verified.why;
  };
  expect(idOf("nonce-of-one")).toBe(idOf("nonce-of-one"));
  expect(new Set([idOf("nonce-of-one"), idOf("nonce-of-two"), idOf("")]).size).toBe(3);
  for (const nonce of ["short", "two\nlines-of-it", "x".repeat(65), "with space"])
    expect(idOf(nonce)).toMatch(/^nonce is not/);
});

test("a star stands for one part of a path, and at the end for all that follow", ({ expect }) => {
  const isAllowed = (route: string, path: string) =>
    verify(signed({ path }), { ci: { secrets: [NEW], routes: [route] } }, NOW).ok;
  expect(isAllowed("POST /fleets/*/scale-out", "/fleets/web/scale-out")).toBe(true);
  expect(isAllowed("POST /fleets/*/scale-out", "/fleets/web/stop")).toBe(false);
  expect(isAllowed("POST /fleets/*/scale-out", "/fleets//scale-out")).toBe(false);
  expect(isAllowed("POST /fleets/*/scale-out", "/fleets/a/b/scale-out")).toBe(false);
  expect(isAllowed("POST /fleets/*", "/fleets/web/scale-out")).toBe(true);
  expect(isAllowed("POST /fleets/*", "/fleets")).toBe(false);
  expect(isAllowed("POST /*", "/fleets/web/scale-out")).toBe(true);
  expect(isAllowed("POST /fleets/web", "/fleets/web-prod")).toBe(false);
});

test("any other byte in the body breaks the signature", ({ expect }) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const request = { ...signed(), body: Buffer.from(bytes) };
      expect(verify(request, CALLERS, NOW).ok).toBe(Buffer.from(bytes).toString() === BODY);
    }),
  );
});

test("a timestamp is valid for five minutes back and thirty seconds ahead, to the second", ({ expect }) => {
  const result = (at: number) => verify(signed({ at }), CALLERS, NOW);
  expect(result(NOW - 300_000).ok).toBe(true);
  expect(result(NOW - 301_000)).toMatchObject({
    ok: false,
    status: 401,
    why: expect.stringMatching(/^signed more than 5 minutes ago/),
  });
  expect(result(NOW + 30_000).ok).toBe(true);
  expect(result(NOW + 31_000)).toMatchObject({
    ok: false,
    status: 401,
    why: expect.stringMatching(/^signed for a time ahead/),
  });
});

test("a timestamp that is not Unix seconds is refused although it is signed", ({ expect }) => {
  for (const at of ["", "now", "1767600000000", "-1", "1e9"]) {
    expect(verify(signed({ at }), CALLERS, NOW)).toMatchObject({ ok: false, status: 401 });
  }
});

test("a caller may use its own routes only; a star stands for the rest of a path", ({ expect }) => {
  const result = (method: string, path: string) => verify(signed({ method, path }), CALLERS, NOW);
  expect(result("GET", "/runs/scale-web-20260105-0123456789ab").ok).toBe(true);
  for (const [method, path] of [
    ["POST", "/fleets/web/stop"],
    ["POST", "/fleets/web/scale-out/"],
    ["POST", "/runs/scale-web-20260105-0123456789ab/cancel"],
    ["GET", "/fleets/web/scale-out"],
  ] as const) {
    expect(result(method, path)).toMatchObject({ ok: false, status: 403 });
  }
});

test("the same signed bytes are the same delivery, any other are another", ({ expect }) => {
  const delivery = (changes: Changes = {}) => {
    const result = verify(signed(changes), CALLERS, NOW);
    return result.ok ? result.delivery : undefined;
  };
  expect(delivery()).toBe(delivery());
  // The secret in use does not make it another request.
  expect(delivery({ secret: OLD })).toBe(delivery({ secret: NEW }));
  expect(new Set([delivery(), delivery({ at: NOW - 1000 }), delivery({ body: "{}" })]).size).toBe(3);
});
