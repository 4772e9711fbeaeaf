/** A deployment with the channel `ops`, and what is posted there. */
import { test as base } from "vitest";
import { startChannel, type ChannelServer } from "./channel.ts";
import { deployKiln, DOMAIN, type Deployment } from "./deployment.ts";

export const notified = base.extend<{ channel: ChannelServer; kiln: Deployment }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  channel: async ({}, use) => {
    const channel = await startChannel();
    await use(channel);
    await channel.close();
  },
  kiln: async ({ channel }, use) => {
    const ops = { kind: "json", url: `${channel.url}/ops` };
    const secret = "approval-secret-0123456789";
    const env = { KILN_CHANNELS: JSON.stringify({ ops }), KILN_APPROVAL_SECRET: secret, ...DOMAIN };
    const kiln = await deployKiln({ env });
    await use(kiln);
    await kiln.close();
  },
});
