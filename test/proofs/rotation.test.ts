/** Rotation of the secret that signs links. */
import { days } from "../../shared/duration.ts";
import { signedPath } from "../../shared/signed-link.ts";
import { test } from "../support/deploy.ts";

const [NEW, OLD] = ["new-approval-secret-1", "old-approval-secret-1"];

test("while the secret is rotated, links that the old one signed are valid, and after that they are not", async ({
  deploy,
  expect,
}) => {
  const statusesWith = async (env: Readonly<Record<string, string>>) => {
    const kiln = await deploy({ env });
    const { cloud } = kiln;
    const target = { kind: "keep", parts: ["web", "i-1"] };
    const asks = [NEW, OLD, "another-secret-12345"].map(async (secret) => {
      const path = signedPath(target, cloud.time.now() + days(1), secret);
      const { status } = await cloud.time.hold(fetch(new URL(path, cloud.urls.http["kiln-webhook"])));
      return status;
    });
    return Promise.all(asks);
  };
  expect(await statusesWith({ KILN_APPROVAL_SECRET: OLD })).toEqual([404, 200, 404]);
  const both = { KILN_APPROVAL_SECRET: NEW, KILN_OLD_APPROVAL_SECRET: OLD };
  expect(await statusesWith(both)).toEqual([200, 200, 404]);
  expect(await statusesWith({ KILN_APPROVAL_SECRET: NEW })).toEqual([200, 404, 404]);
  expect(await statusesWith({})).toEqual([404, 404, 404]);
});
