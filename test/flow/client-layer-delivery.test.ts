/** Asynchronous events through both signatures, into a function of the local cloud. */
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { test } from "vitest";
import { connect } from "../../shared/cloud/client.ts";
import { EVENT_MAX_BYTES } from "../../shared/budget.ts";
import { deliver } from "../../shared/cloud/fc/invoke.ts";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { EventError } from "../../shared/errors.ts";
import { startCloud, type Cloud } from "../cloud/index.ts";
import { connected } from "../unit/cloud-layer/connected.ts";

/** The header that every answer of Function Compute has. */
const NAMED = { "x-fc-request-id": "1-68b0a1c2-0123456789ab" };

const MANIFEST = `edition: 3.0.0
name: delivery
access: default
resources:
  echo:
    component: fc3@0.1.22
    props:
      region: cn-hangzhou
      functionName: echo
      description: answers with its event
      runtime: nodejs20
      handler: index.handler
      code: ./echo
      cpu: 0.35
      memorySize: 512
      diskSize: 512
      timeout: 30
      asyncInvokeConfig:
        asyncTask: true
        maxAsyncEventAgeInSeconds: 86400
        maxAsyncRetryAttempts: 0
`;

const onCloud = test.extend<{ cloud: Cloud }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of needed fixtures from the pattern
  cloud: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "delivery-"));
    mkdirSync(join(folder, "echo"));
    writeFileSync(join(folder, "s.yaml"), MANIFEST);
    writeFileSync(join(folder, "echo", "index.js"), "exports.handler = async (event) => event.toString();");
    const cloud = await startCloud({ manifest: join(folder, "s.yaml") });
    await use(cloud);
    await cloud.close();
    rmSync(folder, { recursive: true });
  },
});

/** Credentials as an invocation brings them. */
function sessionOf(cloud: Cloud) {
  const { id, secret, token } = cloud.keys.assume("baker", hours(1));
  return { accessKeyId: id, accessKeySecret: secret, securityToken: token };
}

for (const fcSignature of ["fc", "acs3"] as const) {
  onCloud(
    `an event signed ${fcSignature} arrives once and whole, after its delay`,
    async ({ cloud, expect }) => {
      const log: object[] = [];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
      const client = connected(cloud, { fcSignature, credentials: sessionOf(cloud) }, log as never);
      const payload = JSON.stringify({ text: "ä 中 '\"+&=%", long: "x".repeat(60_000) });
      const event = { to: "echo", payload, delayMs: seconds(90) - 1, taskId: "bake-1-3" };
      expect(await deliver(client, event)).toBe("accepted");
      expect(await deliver(client, event)).toBe("duplicate");
      await cloud.settle({ forMs: seconds(80) });
      expect(cloud.fc.invocations).toHaveLength(0);
      await cloud.settle({ forMs: minutes(1) });
      expect(cloud.fc.invocations.map((run) => run.payload)).toEqual([payload]);
      expect(log).toEqual([]);
    },
  );
}

onCloud("a delay beyond the platform's hour becomes an hour", async ({ cloud, expect }) => {
  const client = connected(cloud);
  await deliver(client, { to: "echo", payload: "{}", delayMs: hours(5), taskId: "late" });
  await cloud.settle({ forMs: hours(1) + minutes(1) });
  expect(cloud.fc.invocations).toHaveLength(1);
});

onCloud(
  "an event that is too large or has no proper name is refused before it is sent",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const event = { to: "echo", payload: "{}", delayMs: 0, taskId: "a" };
    const large = { ...event, payload: "ä".repeat(EVENT_MAX_BYTES / 2 + 1) };
    await expect(deliver(client, large)).rejects.toThrow(EventError);
    await expect(deliver(client, large)).rejects.toThrow(/65538 bytes.*bucket/);
    await expect(deliver(client, { ...event, taskId: "1-starts-with-a-digit" })).rejects.toThrow(/task id/);
    expect(cloud.callLog.count()).toBe(0);
    expect(await deliver(client, { ...event, payload: "ä".repeat(EVENT_MAX_BYTES / 2) })).toBe("accepted");
  },
);

onCloud("a function that is not there is named, whichever signature asks", async ({ cloud, expect }) => {
  for (const fcSignature of ["fc", "acs3"] as const) {
    const client = connected(cloud, { fcSignature });
    const event = { to: "absent", payload: "{}", delayMs: 0, taskId: "a" };
    await expect(deliver(client, event)).rejects.toMatchObject({ code: "FunctionNotFound", kind: "give-up" });
  }
});

/** A front that answers requests of one signature itself and says what came through. */
async function behind(refused: RegExp, refuse: RequestListener) {
  const server = createServer((request, response) => {
    if (refused.test(request.headers.authorization ?? "")) return refuse(request, response);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => response.writeHead(202, NAMED).end());
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** A code that no page lists, with each status of a refusal. */
const UNLISTED = [400, 401, 403, 404, 412].flatMap((status) =>
  ["InvalidArgument", "PathNotSupported", "Forbidden", "NeverSeenBefore"].map(
    (code) => [`${status} ${code}`, status, JSON.stringify({ Code: code, Message: "no" })] as const,
  ),
);
const REFUSALS: readonly (readonly [name: string, status: number, body: string])[] = [
  ["in the words of 2.0", 403, '{"ErrorCode":"SignatureNotMatch","ErrorMessage":"does not match"}'],
  ["in the words of 3.0", 403, '{"Code":"SignatureDoesNotMatch","Message":"does not match","RequestId":"1"}'],
  ["without words", 401, "{}"],
  ...UNLISTED,
];
const EVENT = { to: "echo", payload: "{}", delayMs: 0, taskId: "a" } as const;
const SIGNED = { fc: /^FC /, acs3: /^ACS3/ } as const;
const SIGNATURES = ["fc", "acs3"] as const;

/** A front that refuses one signature, a client that is set to it, and what happened. */
async function refusing(
  cloud: Cloud,
  fcSignature: (typeof SIGNATURES)[number],
  [status, body]: readonly [status: number, body: string],
) {
  const log: { readonly used?: string }[] = [];
  let refused = 0;
  const front = await behind(SIGNED[fcSignature], (_, response) => {
    refused++;
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  const client = connected(cloud, { fcSignature, endpoints: { fc: front.url } }, log);
  return { client, log, refused: () => refused, close: front.close };
}

onCloud(
  "any refusal that may be one of the signature falls over to the other one, once for all events",
  async ({ cloud, expect }) => {
    for (const [name, ...refusal] of REFUSALS) {
      for (const fcSignature of SIGNATURES) {
        const { client, log, refused, close } = await refusing(cloud, fcSignature, refusal);
        for (let n = 0; n < 3; n++) expect(await deliver(client, EVENT), name).toBe("accepted");
        expect([name, refused(), log.map(({ used }) => used)]).toEqual([name, 1, [fcSignature]]);
        close();
      }
    }
  },
);

onCloud("a signature that is refused later falls back to the one of before", async ({ cloud, expect }) => {
  let refused: keyof typeof SIGNED = "acs3";
  const front = await behind(/^(FC|ACS3)/, (request, response) => {
    if (SIGNED[refused].test(request.headers.authorization ?? "")) response.writeHead(403).end("{}");
    else response.writeHead(202, NAMED).end();
  });
  const client = connected(cloud, { fcSignature: "acs3", endpoints: { fc: front.url } });
  for (refused of ["acs3", "fc", "acs3"] as const)
    expect(await deliver(client, EVENT), refused).toBe("accepted");
  front.close();
});

const OTHER_CAUSES = [
  [400, "EntityTooLarge", "payload size exceeds maximum allowed size"],
  [404, "FunctionNotFound", "function 'echo' does not exist"],
  [403, "AccessDenied", "the caller is not authorized to perform 'fc:InvokeFunction'"],
  [409, "ConcurrentUpdate", "try again"],
  [429, "ResourceExhausted", "busy"],
  [503, "ResourceThrottled", "busy"],
] as const;

onCloud(
  "a refusal of the payload, the target or a permission is no reason for the other signature",
  async ({ cloud, expect }) => {
    for (const [status, code, said] of OTHER_CAUSES) {
      for (const fcSignature of SIGNATURES) {
        // Each SDK reads the words of its own version of the API.
        const body = { Code: code, Message: said, ErrorCode: code, ErrorMessage: said };
        const refusal = [status, JSON.stringify(body)] as const;
        const { client, log, close } = await refusing(cloud, fcSignature, refusal);
        await expect(deliver(client, EVENT)).rejects.toMatchObject({ status, code });
        expect([status, fcSignature, log]).toEqual([status, fcSignature, []]);
        close();
      }
    }
  },
);

onCloud("a wrong secret ends both ways with an error that shows no secret", async ({ cloud, expect }) => {
  const credentials = { accessKeyId: cloud.accessKey.id, accessKeySecret: "not-the-secret-at-all" };
  const client = connected(cloud, { credentials });
  const event = { to: "echo", payload: "{}", delayMs: 0, taskId: "a" };
  const error: unknown = await deliver(client, event).catch((raised: unknown) => raised);
  expect(error).toMatchObject({ kind: "give-up" });
  const shown = inspect(error, { depth: 9 });
  expect(shown).not.toContain("not-the-secret-at-all");
  expect(shown).not.toContain(cloud.accessKey.id);
});

onCloud("an acceptance with a JSON type and no body is an acceptance", async ({ cloud, expect }) => {
  const front = await behind(/^FC /, (_, response) => {
    response.writeHead(202, { ...NAMED, "content-type": "application/json" }).end();
  });
  const client = connected(cloud, { fcSignature: "fc", endpoints: { fc: front.url } });
  expect(await deliver(client, { to: "echo", payload: "{}", delayMs: 0, taskId: "a" })).toBe("accepted");
  front.close();
});

test("the token of a session goes along even when its key id does not begin with STS", async ({ expect }) => {
  const tokens: unknown[] = [];
  const front = await behind(/^FC /, (request, response) => {
    tokens.push(request.headers["x-fc-security-token"]);
    response.writeHead(202, NAMED).end();
  });
  const credentials = { accessKeyId: "TMP.key", accessKeySecret: "secret", securityToken: "token-1" };
  const endpoints = { fc: front.url };
  const access = {
    region: "cn-hangzhou",
    accountId: "1",
    bucket: "kiln",
    stage: "",
    fcSignature: "fc",
    endpoints,
    credentials,
  } as const;
  await deliver(connect(access), { to: "echo", payload: "{}", delayMs: 0, taskId: "a" });
  expect(tokens).toEqual(["token-1"]);
  front.close();
});
