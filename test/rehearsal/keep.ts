/** `--keep`: the cloud of the story goes on in real time, and a person may talk to it. */
import { join } from "node:path";
import { ownIo } from "../../cli/config.ts";
import { serveUi } from "../../cli/ui/server.ts";
import { hours } from "../../shared/duration.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Lets the cloud catch up with the present, says how to talk to it, and resolves when it is interrupted. */
export async function keepRunning(
  kiln: Deployment,
  realNow: () => number,
  say: (line: string) => void,
): Promise<void> {
  const { cloud } = kiln;
  say("\nThe cloud catches up with the present …");
  const span = Math.max(1, realNow() - cloud.time.now());
  for (let shown = 0; realNow() - cloud.time.now() > 1_000;) {
    const left = realNow() - cloud.time.now();
    // An hour at a time, so that it can be seen how far it is.
    await cloud.settle({ forMs: Math.min(left, hours(1)) });
    const done = Math.floor((1 - (realNow() - cloud.time.now()) / span) * 10) * 10;
    if (done <= shown) continue;
    shown = done;
    say(`  ${done} %, ${new Date(cloud.time.now()).toISOString().slice(0, 16).replace("T", " ")} UTC`);
  }
  cloud.pace.run(1);
  const page = await serveUi({ ...ownIo(ROOT), env: variablesOf(kiln) }, { writes: true });
  say(instructions(kiln, page.url));
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await page.close();
  say("The cloud is gone.");
}

/** The variables of the command line and of its page. */
const variablesOf = ({ cloud: { urls }, caller }: Deployment) => ({
  KILN_API: urls.http["kiln-api"] ?? "",
  KILN_WEBHOOK: urls.http["kiln-webhook"] ?? "",
  KILN_CALLER: caller.name,
  KILN_SECRET: caller.secret,
});

function instructions(kiln: Deployment, page: string): string {
  const { cloud, caller } = kiln;
  const { urls, region, accountId, accessKey } = cloud;
  const webhook = urls.http["kiln-webhook"] ?? "";
  const run = kiln.records("scale-").at(-1)?.run ?? kiln.records().at(-1)?.run ?? "";
  return [
    "It goes on in real time until Ctrl-C.",
    "",
    "Open it in a browser (the address opens once; here the page has buttons as well):",
    "",
    `  ${page}`,
    "",
    `  ecs, cms, fc  ${urls.ecs}`,
    `  oss           ${urls.oss}  (bucket ${BUCKET})`,
    `  webhook       ${webhook}`,
    `  region        ${region}   account ${accountId}`,
    `  key           ${accessKey.id} ${accessKey.secret}`,
    `  caller        ${caller.name} ${caller.secret}`,
    "",
    "Ask for one more instance:",
    "",
    signedCurl(webhook, caller, ["POST", "/fleets/web/scale-out"], '{"count":1}'),
    "",
    "Ask for the state of a run:",
    "",
    signedCurl(webhook, caller, ["GET", `/runs/${run}`], ""),
    "",
    "Or with the command line:",
    "",
    `  export ${Object.entries(variablesOf(kiln))
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")}`,
    "  npm run kiln -- status",
    "  npm run kiln -- ui        # the page once more",
    "",
    ...listing(kiln),
    "",
  ].join("\n");
}

const listing = ({ cloud: { urls, accessKey } }: Deployment): readonly string[] => [
  "List the bucket:",
  "",
  `  node -e 'const OSS = require("ali-oss"); const bucket = new OSS({ endpoint: "${urls.oss}", bucket: "${BUCKET}", ` +
    `accessKeyId: "${accessKey.id}", accessKeySecret: "${accessKey.secret}" }); ` +
    `(async () => { let token; do { const page = await bucket.listV2({ "max-keys": 1000, "continuation-token": token }); ` +
    `for (const { name } of page.objects ?? []) console.log(name); token = page.nextContinuationToken; } while (token); })()'`,
];

/** The command README shows, ready to be pasted. */
function signedCurl(
  webhook: string,
  caller: Deployment["caller"],
  [method, path]: readonly [method: string, path: string],
  body: string,
): string {
  const data = body === "" ? "" : ` -H 'content-type: application/json' -d "$body"`;
  return [
    `  ts=$(date +%s); nonce=$(openssl rand -hex 8); body='${body}'`,
    `  sig=$(printf '${caller.name}\\n%s\\n%s\\n${method}\\n${path}\\n%s' "$ts" "$nonce" "$body" | openssl dgst -sha256 -hmac '${caller.secret}' | sed 's/^.* //')`,
    `  curl -sS -X ${method} ${webhook}${path} -H 'x-kiln-caller: ${caller.name}' -H "x-kiln-timestamp: $ts" -H "x-kiln-nonce: $nonce" -H "x-kiln-signature: v2=$sig"${data}; echo`,
  ].join("\n");
}
