/** Units of systemd: what a start, an enable and a mask come to. */
import { test } from "vitest";
import { freshDisk, runOnMachine } from "../../../cloud/index.ts";

const unit = (name: string, text: string) =>
  `cat > /etc/systemd/system/${name} <<'END'\n${text}\nEND\nsystemctl daemon-reload\n`;
const service = (lines: string) =>
  unit("own.service", `[Unit]\n[Service]\n${lines}\n[Install]\nWantedBy=multi-user.target`);
const said = (script: string, system: "alinux" | "ubuntu" = "alinux"): string[] =>
  runOnMachine(`exec 2>/dev/null\n${script}`, freshDisk(system)).output.trimEnd().split("\n");

const START = "systemctl start own; echo $?; systemctl is-active own; echo $?";

test.for([
  ["a program that does not exist", "ExecStart=/opt/app/run", ["0", "failed", "3"]],
  ["a file that may not be run", "ExecStart=/opt/plain", ["0", "failed", "3"]],
  ["a program that may", "ExecStart=/opt/tool --port 1", ["0", "active", "0"]],
  ["a program of the system", "ExecStart=/usr/bin/python3 /opt/plain", ["0", "active", "0"]],
  ["a flag before it", "ExecStart=-/opt/none", ["0", "failed", "3"]],
  ["a user that does not exist", "User=app\nExecStart=/opt/tool", ["0", "failed", "3"]],
  ["a folder that does not exist", "WorkingDirectory=/srv/app\nExecStart=/opt/tool", ["0", "failed", "3"]],
  ["a program that must be ready", "Type=notify\nExecStart=/opt/none", ["1", "failed", "3"]],
  ["no program", "Restart=always", ["1", "inactive", "3"]],
] as const)("a service with %s", ([, lines, output], { expect }) => {
  const files = "printf '#!/bin/sh\\n' > /opt/tool; chmod +x /opt/tool; touch /opt/plain\n";
  expect(said(files + service(lines) + START)).toEqual(output);
});

test("a service that runs once is not active afterwards, and what it runs is not simulated", ({ expect }) => {
  const ran = runOnMachine(
    `printf '#!/bin/sh\\n' > /opt/once; chmod +x /opt/once\n${service("Type=oneshot\nExecStart=/opt/once")}${START}`,
  );
  expect(ran.output).toBe("guest: not simulated: own.service runs /opt/once\n0\ninactive\n3\n");
  expect(ran.unsupported).toHaveLength(1);
});

test("a file that is no unit does not start", ({ expect }) => {
  expect(said(unit("own.service", "garbage") + START)).toEqual(["1", "inactive", "3"]);
});

test("a masked unit starts in no way until it is unmasked", ({ expect }) => {
  const install = "dnf install -y nginx > /dev/null\n";
  expect(
    said(
      `${install}systemctl mask nginx; systemctl start nginx; echo $?; systemctl enable nginx; echo $?; systemctl is-enabled nginx; systemctl is-active nginx; systemctl unmask nginx; systemctl start nginx; systemctl is-active nginx`,
    ),
  ).toEqual(["1", "1", "masked", "inactive", "active"]);
  expect(said(`${service("ExecStart=/usr/bin/true")}systemctl mask own; echo $?`)).toEqual(["1"]);
});

test("a unit without an installation section is not enabled", ({ expect }) => {
  const text = unit("own.service", "[Service]\nExecStart=/usr/bin/sleep 9");
  const ran = runOnMachine(`${text}systemctl enable own 2>/dev/null; echo $?; systemctl is-enabled own`);
  expect(ran.output).toBe("0\nstatic\n");
  expect([...ran.disk.enabled]).not.toContain("own");
});

test("sockets and timers are units of their own", ({ expect }) => {
  expect(
    said(
      "dnf install -y nginx > /dev/null; systemctl start nginx.socket; echo $?; systemctl is-active nginx",
    ),
  ).toEqual(["5", "inactive"]);
  const timer = unit("own.timer", "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target");
  expect(
    said(
      `${timer}systemctl enable --now own.timer; systemctl is-active own.timer own; echo $?; systemctl is-enabled own.timer; systemctl start own; echo $?`,
    ),
  ).toEqual(["active", "inactive", "0", "enabled", "5"]);
});

test("units that are not there are refused by each verb in its way", ({ expect }) => {
  for (const [verb, code] of [
    ["start", 5],
    ["restart", 5],
    ["stop", 5],
    ["reload", 5],
    ["enable", 1],
    ["disable", 1],
    ["mask", 0],
    ["unmask", 0],
    ["is-active", 3],
    ["is-enabled", 1],
    ["status", 4],
  ] as const)
    expect(runOnMachine(`systemctl ${verb} nope`), verb).toMatchObject({ code, unsupported: [] });
});

test("a unit of the base image, of which the machine knows nothing, answers no question", ({ expect }) => {
  expect(
    runOnMachine("systemctl disable --now apt-daily.timer unattended-upgrades", freshDisk("ubuntu")),
  ).toMatchObject({ code: 0, unsupported: [] });
  expect(runOnMachine("systemctl is-active rsyslog").unsupported).toEqual(["systemctl is-active rsyslog"]);
});

test("uses of systemctl that are not simulated are named", ({ expect }) => {
  for (const command of [
    "systemctl --user start x",
    "systemctl start 'ng*'",
    "systemctl show -p X sshd",
    "systemctl preset sshd",
    "systemctl",
    "service --status-all",
    "hostname -I",
    "hostname -f x",
  ])
    expect(runOnMachine(command).unsupported, command).toHaveLength(1);
});

test("nginx does not start with a configuration that it cannot read", ({ expect }) => {
  const broken =
    "dnf install -y nginx > /dev/null; echo 'server { listen 80' > /etc/nginx/conf.d/x.conf; systemctl start nginx; echo $?; systemctl is-active nginx";
  expect(said(broken)).toEqual(["1", "failed"]);
});

test("a machine boots with the units that can start", ({ expect }) => {
  const disk = freshDisk("alinux");
  runOnMachine(
    `dnf install -y nginx redis > /dev/null; systemctl enable nginx redis own\n${service("ExecStart=/opt/none")}systemctl enable own; systemctl mask redis`,
    disk,
  );
  expect([...disk.enabled]).toEqual(expect.arrayContaining(["nginx", "redis", "own"]));
  const booted = runOnMachine(
    "systemctl is-active nginx; systemctl is-active redis; systemctl is-active own",
    disk,
  );
  expect(booted.output).toBe("active\ninactive\nfailed\n");
});
