/** Documents, machines and pages with one thing broken. */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { Examination } from "../doctor.ts";
import { recipeText } from "../recipes.ts";
import { fault, written, type Breakage, type Undo } from "./breakage.ts";

/** Where the webhook seems to be; nothing listens there at first. */
let page = "http://127.0.0.1:9";

/** A server in place of the webhook. */
const webhook = (answer: RequestListener) => async (): Promise<Undo> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const before = page;
  page = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return () => {
    page = before;
    server.close();
  };
};

const atPage = (): Examination => ({ env: { KILN_WEBHOOK_URL: page } });

export const WORLD_BREAKAGES: readonly Breakage[] = [
  {
    check: "quotas",
    says: /2 of 3 pay-as-you-go vCPUs are used/,
    breaks: ({ cloud }) => {
      cloud.world.quotas({ vcpus: 3 });
      return () => cloud.world.quotas({ vcpus: Number.POSITIVE_INFINITY });
    },
  },
  {
    check: "recipes",
    says: /bad: ecs.g7.large in vsw-nowhere: .*InvalidVSwitchId/,
    breaks: written("recipes/bad.yaml", recipeText().replace("vsw-hangzhou-h", "vsw-nowhere")),
  },
  {
    check: "fleets",
    says: /web: .*security/i,
    breaks: written(
      "fleets/web.yaml",
      JSON.stringify({
        family: "web",
        launch: {
          InstanceType: ["ecs.g7.large"],
          VSwitchId: ["vsw-hangzhou-h"],
          SecurityGroupId: "sg-nowhere",
        },
        limits: { max: 1 },
      }),
    ),
  },
  { check: "prices", says: /web: .*Broken/, breaks: fault("ecs", "DescribePrice") },
  {
    check: "images",
    says: /m-web-1, which family web serves, is not usable/,
    breaks: ({ cloud }) => {
      const image = { ...cloud.world.image(cloud.region, "m-web-1") };
      Object.assign(cloud.world.image(cloud.region, "m-web-1") ?? {}, { isUsable: false });
      return () => Object.assign(cloud.world.image(cloud.region, "m-web-1") ?? {}, image);
    },
  },
  {
    check: "import-role",
    says: /disk needs role AliyunECSImageImportDefaultRole/,
    breaks: async (one) => {
      const undo = written(
        "recipes/disk.yaml",
        readFileSync("examples/recipes/from-upload.yaml", "utf8"),
      )(one);
      await one.api.rpc("ram", "DeleteRole", { RoleName: "AliyunECSImageImportDefaultRole" });
      return undo;
    },
  },
  {
    check: "metrics",
    says: /has no metrics of the last 20 minutes/,
    breaks: ({ cloud }) => {
      cloud.world.load(
        () => true,
        () => undefined,
      );
      return () => {};
    },
  },
  {
    check: "agent",
    says: /is not online|sent no heartbeat for 5 minutes/,
    breaks: ({ cloud }) => {
      const [one] = cloud.world.instances.values();
      one?.guest?.active.delete("aliyun");
      return () => one?.guest?.active.add("aliyun");
    },
  },
  {
    check: "webhook",
    says: /browsers download the pages/,
    breaks: webhook((_, answer) =>
      answer.writeHead(404, { "content-type": "text/html", "content-disposition": "attachment" }).end("<p>"),
    ),
    examination: atPage,
  },
  {
    check: "webhook",
    says: /answers 401 application.json instead of a page/,
    breaks: webhook((_, answer) => answer.writeHead(401, { "content-type": "application/json" }).end("{}")),
    examination: atPage,
  },
  { check: "webhook", says: /does not answer/, examination: atPage },
  {
    check: "snapshots",
    says: /no image can be made: InvalidAccountStatus.SnapshotServiceUnavailable/,
    breaks: ({ cloud }) => {
      cloud.world.account({ snapshotService: false });
      return () => cloud.world.account({ snapshotService: true });
    },
  },
  {
    check: "snapshots",
    says: /no image can be made: InvalidAccountStatus.NotEnoughBalance/,
    breaks: ({ cloud }) => {
      cloud.world.account({ balance: -1 });
      return () => cloud.world.account({ balance: 10_000 });
    },
  },
  {
    check: "command-results",
    says: /DescribeInvocations answered Broken/,
    breaks: fault("ecs", "DescribeInvocations"),
  },
];
