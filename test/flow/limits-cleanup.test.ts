import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";

test("a cleanup deletes yesterday's reservations, and never the newest entry of a fleet", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["cleanup"] } });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 } }));
  await scaleOut(kiln, { count: 1 });
  await scaleOut(kiln, { count: 1 });
  const entries = () => kiln.cloud.oss.list(BUCKET, "ledger/web/").map(({ key }) => key);
  const before = entries();
  expect(before).toHaveLength(4);
  await kiln.invoke("kiln-janitor", { v: 1, request: "cleanup" });
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(entries()).toEqual(before);
  await kiln.cloud.settle({ forMs: hours(25) });
  expect(entries()).toEqual(before.slice(0, 1));
  expect((await scaleOut(kiln, { count: 1 })).reason).toBe(
    "none of 1 instances: limit max 2: 2 running or on their way",
  );
});
