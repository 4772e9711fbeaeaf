import { accepted, callsOf, ended, fleetText, machines, scaleOut, tagsOf, test } from "./fleet.ts";

test("a request for three ends in three running instances of the family's image, with their tags", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ launch: { Tag: [{ Key: "team", Value: "web" }] } }));
  const record = await scaleOut(kiln, { count: 3 });
  expect(record).toMatchObject({ state: "done", result: { asked: 3, count: 3, launched: 3, woken: 0 } });
  expect(record.result?.["images"]).toEqual({ "m-web-1": 3 });
  expect(machines(kiln).map(({ status, imageId }) => [status, imageId])).toEqual(
    Array.from({ length: 3 }, () => ["Running", "m-web-1"]),
  );
  for (const { instanceId } of machines(kiln)) {
    expect(tagsOf(kiln, instanceId)).toEqual({
      team: "web",
      "kiln:fleet": "web",
      "kiln:role": "member",
      "kiln:run": record.run,
      "kiln:image": "m-web-1",
    });
  }
});
