/**
 * The recipes of `examples/templates` leave on their image what the public templates leave on theirs, and their table
 * names every command that the local cloud does not simulate.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { play } from "../rehearsal/player.ts";
import { LineScreen } from "../rehearsal/screens/lines.ts";
import { ownImages } from "../rehearsal/stage.ts";
import { trialOf } from "../rehearsal/trial.ts";
import { deployKiln } from "../support/deployment.ts";

const FOLDER = join(import.meta.dirname, "../../examples/templates");

/** Of the image: packages, units that start at boot, links, files and a part of their text. */
interface Left {
  readonly packages?: readonly string[];
  readonly enabled?: readonly string[];
  readonly links?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

const LEFT: Readonly<Record<string, Left>> = {
  "packer-redis": { packages: ["redis"] },
  "lantern-box": {
    packages: ["ca-certificates", "tzdata", "nftables"],
    links: ["/usr/bin/lantern-box"],
    files: { "/etc/ssh/sshd_config": "PermitRootLogin prohibit-password" },
  },
  "webinar-web": {
    packages: ["httpd"],
    enabled: ["httpd"],
    files: { "/var/www/html/index.html": "http://picsum.photos/600/800" },
  },
  "webinar-cluster": {
    packages: ["consul", "nomad", "java-11-openjdk-devel", "docker-ce"],
    enabled: ["consul", "nomad", "docker"],
    files: {
      "/etc/consul.d/consul.hcl": "tag_value=consul-nomad-server",
      "/etc/nomad.d/nomad.hcl": "/nomad/data",
      "/etc/sudoers.d/test": "NOPASSWD",
      "/etc/selinux/config": "SELINUX=disabled",
    },
  },
  "clickhouse-worker": {
    packages: ["clickhouse-server"],
    files: {
      "/root/setup-disk.sh": "mkfs.ext4",
      "/etc/apt/sources.list.d/clickhouse.list": "https://packages.clickhouse.com/deb stable main",
    },
  },
  "packer-builder": {
    packages: ["jq", "ansible", "python3-argcomplete", "packer"],
    files: {
      "/root/.bashrc": "packer=/usr/bin/packer",
      "/home/ecs-user/.bashrc": "packer=/usr/bin/packer",
      "/etc/yum.repos.d/epel.repo": "mirrors.cloud.aliyuncs.com/epel",
    },
  },
  "ack-node": { enabled: ["sshd"] },
  "todo-app": {
    packages: ["default-jdk"],
    enabled: ["todo-list"],
    files: {
      "/etc/todo-list/application.properties":
        "jdbc:mysql://rm-example.mysql.rds.aliyuncs.com:3306/todolist?useSSL=false\nspring.datasource.username=todolist\nspring.datasource.password=secret-of-the-trial\n",
      "/etc/rsyslog.d/80-logtail.conf": "@@127.0.0.1:11111",
      "/etc/ilogtail/user_defined_id": "logtail-id-dev",
    },
  },
  "certificate-manager": {
    packages: ["nginx", "certbot", "python3-certbot-nginx"],
    enabled: ["nginx", "ossfs", "certificate-updater"],
    links: ["/etc/nginx/sites-enabled/certman"],
    files: {
      "/var/www/html/certman/health": "OK",
      "/etc/systemd/system/ossfs.service": "ossfs example-certificates /mnt/oss_bucket",
      "/etc/certificate-updater/certificate-updater.conf": "EMAIL=ops@example.com",
    },
  },
  "consul-server": {
    packages: ["jq", "supervisor", "dnsmasq", "consul"],
    enabled: ["supervisor", "dnsmasq"],
    links: ["/opt/consul/bin/consul"],
    files: { "/opt/consul/bin/run-consul": "supervisorctl", "/etc/dnsmasq.d/10-consul": "8600" },
  },
};

const recipes = readdirSync(FOLDER).flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? []);

test("every recipe of the folder is proved", () => {
  expect(recipes.toSorted()).toEqual(Object.keys(LEFT).toSorted());
  expect(recipes).toHaveLength(10);
});

test.for(recipes)("%s", { timeout: 120_000 }, async (name, { onTestFinished }) => {
  const trial = trialOf(join(FOLDER, `${name}.yaml`));
  if ("problem" in trial) throw new Error(trial.problem);
  const kiln = await deployKiln({ env: { KILN_SECRETS: trial.secrets } });
  onTestFinished(() => kiln.close());
  const { cloud } = kiln;
  const lines: string[] = [];
  const scenes = await play(trial.scenes, { kiln, cloud }, new LineScreen((line) => void lines.push(line)));
  expect(scenes.every(({ ok }) => ok) ? [] : lines).toEqual([]);
  const image = ownImages(cloud).find(({ family }) => family === name);
  const disk = image?.disks[0]?.content;
  if (disk === undefined) throw new Error(`${name}: no image in its family`);
  const { packages = [], enabled = [], links = [], files = {} } = LEFT[name] ?? {};
  const lacks = [
    ...packages.filter((each) => !disk.packages.has(each)),
    ...enabled.filter((each) => !disk.enabled.has(each)),
    ...links.filter((each) => !disk.links.has(each)),
    ...Object.entries(files).flatMap(([path, text]) => {
      const found = disk.files.get(path) ?? "no file";
      return found.includes(text) ? [] : [`${path}: ${found}`];
    }),
  ];
  expect(lacks).toEqual([]);
  const met = [...new Set(cloud.world.unsupported.map(({ command }) => command))];
  const named = namedIn(name);
  expect(met.filter((command) => !named.some((start) => command.startsWith(start)))).toEqual([]);
  expect(named.filter((start) => !met.some((command) => command.startsWith(start)))).toEqual([]);
});

/** How the commands begin that the table says are not simulated. */
function namedIn(name: string): readonly string[] {
  const table = readFileSync(join(FOLDER, "README.md"), "utf8");
  const [, row = ""] = new RegExp(`^\\| ${name} \\| not simulated \\|(.*)$`, "m").exec(table) ?? [];
  return [...row.matchAll(/`([^`]+)`/g)].map(([, start = ""]) => start);
}
