/** Options of package managers: they work, are refused as the program refuses them, or are not simulated. */
import { test } from "vitest";
import { freshDisk, runOnMachine } from "../../../cloud/index.ts";

const run = (script: string, system: "alinux" | "ubuntu") => runOnMachine(script, freshDisk(system));

test.for([
  ["ubuntu", "apt-get install -s nginx"],
  ["ubuntu", "apt-get --dry-run install nginx"],
  ["ubuntu", "apt-get install -y --simulate nginx"],
  ["ubuntu", "apt-get install -y -d nginx"],
  ["ubuntu", "apt-get -y --download-only install nginx"],
  ["ubuntu", "apt-get -y --only-upgrade install nginx"],
  ["alinux", "dnf install -y --downloadonly nginx"],
  ["alinux", "yum --downloadonly --downloaddir=/tmp -y install nginx"],
] as const)("on %s, %s installs nothing", ([system, command], { expect }) => {
  const ran = run(command, system);
  expect(ran).toMatchObject({ code: 0, unsupported: [] });
  expect(ran.disk.packages.has("nginx")).toBe(false);
});

test.for([
  ["ubuntu", "apt-get install -y --foo nginx", 100],
  ["ubuntu", "apt-get -Z install nginx", 100],
  ["ubuntu", "apt-get foo", 100],
  ["ubuntu", "apt-get install -y --assume-no nginx", 1],
  ["ubuntu", "apt-get remove -y never-installed", 100],
  ["ubuntu", "apt-get install -y nginx no-such-package", 100],
  ["alinux", "dnf install -y --foo nginx", 1],
  ["alinux", "dnf -y --yes install nginx", 1],
  ["alinux", "dnf foo nginx", 1],
  ["alinux", "dnf --assumeno install nginx", 1],
  ["alinux", "dnf install -y", 1],
  ["alinux", "dnf install -y nginx no-such-package", 1],
  ["alinux", "yum update -y nginx", 1],
] as const)("on %s, %s fails with %i and changes nothing", ([system, command, code], { expect }) => {
  const ran = run(command, system);
  expect(ran).toMatchObject({ code, unsupported: [] });
  expect(ran.disk.packages.has("nginx")).toBe(false);
});

test.for([
  ["ubuntu", "apt-get install -y nginx=99.99"],
  ["ubuntu", "apt-get install -y nginx=1.*"],
  ["alinux", "dnf install -y nginx-1.20.1"],
  ["alinux", "dnf install -y nginx-1:1.20.1-10.el8.x86_64"],
  ["alinux", "dnf install -y @development"],
  ["alinux", "dnf install -y --installroot=/mnt nginx"],
  ["ubuntu", "apt-get install -y --print-uris nginx"],
  ["alinux", "dnf check-update"],
  ["alinux", "yum update -y glibc"],
  ["alinux", "rpm -q --qf '%{VERSION}' bash"],
  ["alinux", "rpm -qi bash"],
  ["alinux", "rpm -e bash"],
  ["ubuntu", "dpkg -L bash"],
  ["ubuntu", "dpkg-query -W -f '${Version}' bash"],
] as const)("on %s, %s is not simulated", ([system, command], { expect }) => {
  expect(run(command, system).unsupported).toHaveLength(1);
});

test("a package that is not there is not removed", ({ expect }) => {
  expect(run("apt-get remove -y nginx", "ubuntu")).toMatchObject({ code: 0, waitedMs: 0 });
  expect(run("dnf remove -y nginx", "alinux")).toMatchObject({ code: 0, waitedMs: 0 });
  expect(run("apt-get remove -s curl; command -v curl", "ubuntu")).toMatchObject({ code: 0 });
  expect(run("apt-get purge -y curl", "ubuntu").disk.packages.has("curl")).toBe(false);
});

test("usual options change nothing else", ({ expect }) => {
  for (const [system, command] of [
    ["ubuntu", "apt-get -qq -o Dpkg::Options::=--force-confnew install -y --no-install-recommends nginx"],
    ["ubuntu", "DEBIAN_FRONTEND=noninteractive apt-get install -yq --allow-downgrades nginx"],
    ["ubuntu", "apt-get install -y -t noble-backports nginx"],
    ["alinux", "yum -y -d1 -e 0 install --enablerepo=epel --nogpgcheck nginx"],
    ["alinux", "dnf install -y --setopt=install_weak_deps=False --disablerepo epel nginx.x86_64"],
  ] as const) {
    const ran = run(command, system);
    expect(ran, command).toMatchObject({ code: 0, unsupported: [] });
    expect(ran.disk.packages.has("nginx"), command).toBe(true);
  }
});

test("packages are asked for in the ways of scripts", ({ expect }) => {
  const said = (script: string, system: "alinux" | "ubuntu") => run(script, system).output.trimEnd();
  expect(
    said(
      "dpkg -s bash | grep -q 'install ok installed' && echo yes; dpkg -l | grep -c '^ii  bash'",
      "ubuntu",
    ),
  ).toBe("yes\n1");
  expect(
    said(
      "dpkg-query -W -f='${Status}' bash; echo; dpkg-query -W -f='${Status}' nope 2>&-; echo $?",
      "ubuntu",
    ),
  ).toBe("install ok installed\n1");
  expect(said("rpm -q --quiet bash; echo $?; rpm -q nope; echo $?", "alinux")).toBe(
    "0\npackage nope is not installed\n1",
  );
});
