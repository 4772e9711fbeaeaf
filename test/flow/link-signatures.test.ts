import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { answered } from "../support/runs.ts";
import { raw } from "../support/senders.ts";

test("the signature of a link is in no log and no object when the path of the link is a little wrong", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_APPROVAL_SECRET: "approval-secret-0123456789" } });
  const signature = "0123456789abcdef".repeat(4);
  const link = `promote-web-20260105-aaaaaaaaaaaa/1767700000/${signature}`;
  for (const path of [
    `/approvals/${link}`,
    `/approvals/${link}/`,
    `/approvals/${link}?x=1`,
    `/.//approvals/${link}`,
    `/Approvals/${link}`,
    `/approval/${link.toUpperCase()}`,
    `/x/keep/web/i-1/1767700000/${signature}.`,
    `/approvals%2F${link.replaceAll("/", "%2F")}`,
  ]) {
    await raw(kiln, path, { "content-type": "application/x-www-form-urlencoded" }, "decision=approve");
    await answered(kiln, kiln.call("POST", path, {}));
    await answered(kiln, kiln.call("GET", path));
  }
  const objects = kiln.cloud.oss.list(BUCKET, "").map(({ key }) => kiln.cloud.oss.get(BUCKET, key)?.body);
  const seen = [...kiln.cloud.fc.invocations.flatMap(({ logs }) => logs), ...objects.map(String)].join("\n");
  expect(seen).toContain("is signed by no caller");
  expect(
    seen
      .toLowerCase()
      .split("\n")
      .filter((line) => line.includes(signature)),
  ).toEqual([]);
});
