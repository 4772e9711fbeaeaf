/** A machine without a way to the cloud. */
import { test } from "vitest";
import { runCommand } from "../../../deploy/command.ts";
import { alone } from "../../support/shell.ts";

test.for(["setup", "deploy", "undeploy"])(
  "%s says that nothing answers, and blames no key",
  async (name, { expect }) => {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    const env = {
      KILN_REGION: "cn-hangzhou",
      KILN_ACCOUNT_ID: "1987654321098765",
      KILN_BUCKET: "kiln-1",
      ALIBABA_CLOUD_ACCESS_KEY_ID: "id",
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: "secret",
      // A port that no program has.
      KILN_DEPLOY_STS_ENDPOINT: "http://127.0.0.1:1",
    };
    const exit = await runCommand([name, "--plan"], {
      root: "/nowhere",
      env,
      out: say,
      err: say,
      ask: alone,
    });
    expect(exit).toBe(1);
    expect(lines).toEqual([
      "GetCallerIdentity got no answer (ECONNREFUSED): connect ECONNREFUSED 127.0.0.1:1; look at the network and the proxy of this machine, and at KILN_REGION",
    ]);
  },
);
