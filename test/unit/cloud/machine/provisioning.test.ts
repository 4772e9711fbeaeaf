/**
 * The ways of public provisioning scripts, in our own words: what they leave on a machine. After the Packer templates of
 * getlantern/lantern-box, alicloud-hashicorp/webinar, kuzetech/study-terraform, ygxxii/packer-samples and the tutorial of
 * the vendor, and after AliyunContainerService/ack-image-builder, philips-labs/terraform-aws-github-runner,
 * actions/runner-images, catsduck/packer and DanHam/packer-templates.
 */
import { test } from "vitest";
import { freshDisk, runOnMachine } from "../../../cloud/index.ts";

const on = (system: "alinux" | "ubuntu", script: string) => runOnMachine(script, freshDisk(system));

test("a release package is downloaded by the name of its architecture, and links lead to its units", ({
  expect,
}) => {
  const ran = on(
    "ubuntu",
    `#!/usr/bin/env bash
set -euo pipefail
VERSION=1.2.3; : "\${VERSION:?must be set}"
OPTIONS='-o DPkg::Lock::Timeout=300 -o APT::Get::Lock::Timeout=300'
apt-get $OPTIONS install -y -q \\
  ca-certificates \\
  nftables
file="app_\${VERSION}_$(dpkg --print-architecture).deb"
curl -fsSL -o "/tmp/$file" "https://example.com/v$VERSION/$file"
mkdir -p /usr/lib/systemd/system; touch /usr/lib/systemd/system/old@.service
for unit in old.service old@.service; do
  [ -f "/usr/lib/systemd/system/$unit" ] || continue
  ln -sf "/usr/lib/systemd/system/$unit" "/usr/lib/systemd/system/$(echo "$unit" | sed 's/old/new/')"
done
rm -rf /tmp/* /var/tmp/*
find /var/log -type f -exec truncate -s 0 {} +
sed -i 's/^PermitRootLogin.*/PermitRootLogin prohibit-password/' /etc/ssh/sshd_config`,
  );
  expect(ran).toMatchObject({ code: 0, waitedMs: 40_000 });
  expect(ran.unsupported).toEqual([
    "curl -fsSL -o /tmp/app_1.2.3_amd64.deb https://example.com/v1.2.3/app_1.2.3_amd64.deb",
  ]);
  expect([...ran.disk.links]).toEqual([
    ["/usr/lib/systemd/system/new@.service", "/usr/lib/systemd/system/old@.service"],
  ]);
  expect(ran.disk.files.get("/etc/ssh/sshd_config")).toContain("PermitRootLogin prohibit-password\n");
  expect([...ran.disk.files.keys()].filter((path) => /^\/tmp\/./.test(path))).toEqual([]);
});

test("services are enabled, users get rights, folders are made in one word", ({ expect }) => {
  const ran = on(
    "alinux",
    `sudo adduser tester
echo secret | passwd --stdin tester
echo 'tester ALL=(ALL) NOPASSWD: ALL' >> /etc/sudoers
sudo sed -ie 's/SELINUX=disabled/SELINUX=permissive /g' /etc/selinux/config
sudo yum update -y && sudo yum install nginx docker java-11-openjdk-devel.x86_64 -y
sudo systemctl enable nginx docker
sudo mkdir -p /{consul,nomad}/data
sudo chown -R tester:tester /consul`,
  );
  expect(ran).toMatchObject({ code: 0, unsupported: [], waitedMs: 80_000 });
  const { files, enabled, packages } = ran.disk;
  expect(files.get("/etc/selinux/config")).toContain("SELINUX=permissive \n");
  expect(files.get("/etc/selinux/confige")).toContain("SELINUX=disabled\n");
  expect(files.get("/etc/passwd")).toMatch(/^tester:/m);
  expect([enabled.has("nginx"), enabled.has("docker")]).toEqual([true, true]);
  expect(packages.has("java-11-openjdk-devel")).toBe(true);
  expect([files.has("/consul/data/"), files.has("/nomad/data/")]).toEqual([true, true]);
});

test("a script waits for a disk, by a deadline, and gives up", ({ expect }) => {
  const wait = `#!/usr/bin/env bash
set -eu
deadline=$(($(date +%s)+600))
while [ ! -b $1x -a ! $(date +%s) -ge "$deadline" ]; do sleep 5; done
[ -b $1x ] || { echo "no such device"; exit 1; }`;
  const ran = on("ubuntu", wait.replaceAll("$1x", "/dev/vdb"));
  expect(ran).toMatchObject({ code: 1, waitedMs: 600_000 });
  expect(on("ubuntu", wait.replaceAll("$1x", "/dev/vda"))).toMatchObject({ code: 0, waitedMs: 0 });
});

test("sources of packages are edited in place, with copies, and a user runs a program", ({ expect }) => {
  const ran = on(
    "alinux",
    `    printf 'metalink=x\\n#baseurl=https://download.example/pub/epel/8\\n' > /etc/yum.repos.d/epel.repo
    sed -e 's|^metalink=|#metalink=|g' \\
      -e 's|^#baseurl=https\\?://download.*/pub/epel/|baseurl=http://mirrors.example/epel/|g' \\
      -i.default \\
      /etc/yum.repos.d/epel.repo
    useradd ecs-user
    id ecs-user > /dev/null && echo 'alias "ll=ls -l"' >> /home/ecs-user/.bashrc
    sudo -u ecs-user sh -c "cd /home/ecs-user; LOG=1 sh -c 'echo \\$LOG' > out"`,
  );
  expect(ran).toMatchObject({ code: 0, output: "", unsupported: [] });
  const { files } = ran.disk;
  expect(files.get("/etc/yum.repos.d/epel.repo")).toBe(
    "#metalink=x\nbaseurl=http://mirrors.example/epel/8\n",
  );
  expect(files.get("/etc/yum.repos.d/epel.repo.default")).toContain("metalink=x\n#baseurl");
  expect(files.get("/home/ecs-user/.bashrc")).toContain("alias");
  expect(files.get("/home/ecs-user/out")).toBe("1\n");
});

test("a package is installed by its full name and runs as a service", ({ expect }) => {
  const script =
    "sleep 30\nyum install redis.x86_64 -y\nsystemctl enable --now redis\nsystemctl is-active redis";
  const ran = on("alinux", script);
  expect(ran).toMatchObject({ code: 0, waitedMs: 50_000 });
  expect(ran.output).toContain("\nactive\n");
});

test("options are parsed, versions compared, and a trap cleans up", ({ expect }) => {
  const ran = on(
    "alinux",
    `#!/bin/bash
set -e
options() {
    while getopts "r:sh" option; do
        case $option in
        r) RUNTIME="$OPTARG" ; ;;
        s) SKIP=1 ; ;;
        h | ?) exit 1 ; ;;
        esac
    done
    if [[ -z $RUNTIME ]] || [[ $RUNTIME != "docker" && $RUNTIME != "containerd" ]]; then exit 1; fi
}
checked() {
    if [ "$(printf '%s\\n' 3.10 "$(uname -r)" | sort -V | head -n1)" = 3.10 ]; then echo new enough; fi
}
record() {
    export RELEASE=$(echo $VERSION | awk -F. '{print $1"."$2}')
    [[ $(echo "$VERSION" | cut -d. -f2) -ge 20 ]] && cat > /etc/built <<-END
	release=$RELEASE
	runtime=\${RUNTIME^^}
	END
}
main() {
    trap 'rm -rf ./{work*,pkg}' EXIT
    mkdir -p work1 pkg/run
    options "$@"; checked; record
}
VERSION=1.28.3
main -r containerd -s`,
  );
  expect(ran).toMatchObject({ code: 0, output: "new enough\n", unsupported: [] });
  expect(ran.disk.files.get("/etc/built")).toBe("release=1.28\nruntime=CONTAINERD\n");
  expect([...ran.disk.files.keys()].filter((path) => /^\/root\/(work|pkg)/.test(path))).toEqual([]);
});

test("a machine asks who it is, logs by tee, and starts a service beside itself", ({ expect }) => {
  const ran = on(
    "alinux",
    `#!/bin/bash -e
exec > >(tee /var/log/setup.log) 2>&1
token=$(curl -f -X PUT "http://100.100.100.200/latest/api/token" -H "X-aliyun-ecs-metadata-token-ttl-seconds: 180" || true)
tries=0
until [ -n "$token" ]; do sleep 5; tries=$((tries + 1)); [ $tries -gt 40 ] && break; done
id=$(curl -sf -H "X-aliyun-ecs-metadata-token: $token" http://100.100.100.200/latest/meta-data/instance-id)
name=$(( lsb_release -ds || cat /etc/*release || uname -om ) 2>/dev/null | head -n1 | cut -d "=" -f2- | tr -d '"')
tee /opt/info <<END
{ "system": "$name", "instance": "$id" }
END
if [[ $name =~ ^Ubuntu ]]; then echo never; fi
printf 'echo "serving %s" > /opt/state\\n' "$id" > /opt/serve.sh
nohup bash /opt/serve.sh &
wait`,
  );
  const info = '{ "system": "Alibaba Cloud Linux", "instance": "i-1" }\n';
  expect(ran).toMatchObject({ code: 0, output: info, unsupported: [] });
  expect(ran.disk.files.get("/opt/info")).toBe(info);
  expect(ran.disk.files.get("/var/log/setup.log")).toBe(info);
  expect(ran.disk.files.get("/opt/state")).toBe("serving i-1\n");
});

test("a command is repeated until it succeeds, with a pause", ({ expect }) => {
  const ran = on(
    "ubuntu",
    `#!/bin/bash
fetch() {
    local url="$1" target="\${2:-.}" name="\${3:-\${1##*/}}"
    local command="test -e '$target/$name'"
    tries=5
    while [ $tries -gt 0 ]; do
        ((tries--))
        eval $command
        if [ $? != 0 ]; then sleep 30; [ $tries == 2 ] && touch "$target/$name"; else return 0; fi
    done
    return 1
}
function installed { dpkg -s $1 &> /dev/null; }
fetch https://example.com/a.zip /tmp && echo fetched
fetch https://example.com/b.zip /nowhere 2> /dev/null || echo gave up
installed curl && echo curl; installed nope || echo no nope`,
  );
  expect(ran).toMatchObject({ code: 0, unsupported: [], waitedMs: 240_000 });
  expect(ran.output).toBe("fetched\ngave up\ncurl\nno nope\n");
});

test("a user gets a key and rights, and the machine's identity is emptied", ({ expect }) => {
  const ran = on(
    "ubuntu",
    `#!/bin/bash -eu
groupadd deploy
useradd -m -g deploy -s /bin/bash deploy
mkdir /home/deploy/.ssh
cat << EOF > /home/deploy/.ssh/authorized_keys
ssh-ed25519 AAAA deploy
EOF
chown -R deploy:deploy /home/deploy/.ssh
chmod 700 /home/deploy/.ssh; chmod 600 /home/deploy/.ssh/authorized_keys
echo "deploy ALL=(ALL:ALL) NOPASSWD:ALL" > /etc/sudoers.d/deploy
usermod -aG sudo deploy
>/etc/machine-id`,
  );
  expect(ran).toMatchObject({ code: 0, output: "", unsupported: [] });
  const { files } = ran.disk;
  expect(files.get("/home/deploy/.ssh/authorized_keys")).toBe("ssh-ed25519 AAAA deploy\n");
  expect(files.get("/etc/machine-id")).toBe("");
  expect(files.get("/etc/group")).toMatch(/^sudo:.*deploy$/m);
});

test.for([
  ["alinux", "sudo", undefined],
  ["alinux", "www-data", undefined],
  ["alinux", "docker", undefined],
  ["alinux", "nginx", undefined],
  ["ubuntu", "wheel", undefined],
  ["alinux", "wheel", 10],
  ["alinux", "systemd-journal", 190],
  ["ubuntu", "sudo", 27],
  ["ubuntu", "www-data", 33],
] as const)(
  "on %s, a user joins the group %s only where it exists, with its id: %s",
  ([os, group, id], { expect }) => {
    const ran = on(os, `useradd deploy; usermod -aG ${group} deploy; echo $?`);
    const line = ran.disk.files
      .get("/etc/group")
      ?.split("\n")
      .find((row) => row.startsWith(`${group}:`));
    expect([ran.output.split("\n").at(-2), line]).toEqual(
      id === undefined ? ["6", undefined] : ["0", `${group}:x:${id}:deploy`],
    );
  },
);

test("the group of a package is there once the package is", ({ expect }) => {
  expect(on("alinux", "useradd -m deploy; yum install -y docker; usermod -aG docker deploy").code).toBe(0);
});

test("a unit is written by printf over several lines, and starts", ({ expect }) => {
  const ran = on(
    "alinux",
    `#!/usr/bin/env bash
LOCATION="/etc/systemd/system/tidy.service"
UNIT="\${LOCATION##*/}"
printf "%s" "\\
[Unit]
Description=Tidy up

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStop=/usr/bin/find /etc/systemd/system/ -name \${UNIT} \\
    -exec /bin/rm -f '{}' \\;
" >\${LOCATION}
systemctl daemon-reload
systemctl start \${UNIT} >/dev/null 2>&1
systemctl is-active "\${UNIT%.service}"`,
  );
  expect(ran).toMatchObject({ code: 0, output: "active\n", unsupported: [] });
  expect(ran.disk.files.get("/etc/systemd/system/tidy.service")).toMatch(/^\[Unit\]\n.*-name tidy\.service/s);
});

test("package programs ask before they change anything, and no answer means no", ({ expect }) => {
  for (const [system, command] of [
    ["alinux", "yum install nginx"],
    ["alinux", "dnf install nginx < /dev/null"],
    ["alinux", "dnf update"],
    ["alinux", "echo n | dnf install nginx"],
    ["ubuntu", "apt-get install nginx"],
    ["ubuntu", "apt-get -q install nginx"],
    ["ubuntu", "apt remove curl"],
  ] as const) {
    const ran = on(system, command);
    expect(ran, command).toMatchObject({ code: 1, unsupported: [], waitedMs: 0 });
    expect(ran.disk.packages.has("nginx"), command).toBe(false);
    expect(ran.disk.packages.has("curl"), command).toBe(true);
  }
  for (const [system, command] of [
    ["alinux", "yum -qy install nginx"],
    ["alinux", "echo y | dnf install nginx"],
    ["alinux", "echo assumeyes=1 >> /etc/dnf/dnf.conf; dnf install nginx"],
    ["ubuntu", "apt-get --assume-yes install nginx"],
    ["ubuntu", "apt-get -qq install nginx"],
    ["ubuntu", "apt-get update && apt-get install -qy nginx && apt-get install nginx"],
  ] as const) {
    const ran = on(system, command);
    expect(ran, command).toMatchObject({ code: 0, unsupported: [] });
    expect(ran.disk.packages.has("nginx"), command).toBe(true);
  }
});

test("owners exist when the system, a package or the script has made them", ({ expect }) => {
  const own = (system: "alinux" | "ubuntu", before: string, owner: string): number =>
    on(system, `${before}\nchown ${owner} /etc/hosts`).code;
  expect(own("alinux", "", "nginx:nginx")).toBe(1);
  expect(own("alinux", "dnf install -y nginx", "nginx:nginx")).toBe(0);
  expect(own("alinux", "", "www-data")).toBe(1);
  expect(own("ubuntu", "", "www-data:www-data")).toBe(0);
  expect(own("alinux", "useradd app", "-R app:app")).toBe(0);
  expect(own("alinux", "groupadd ops", ":ops")).toBe(0);
  expect(own("alinux", "useradd a.b", "a.b")).toBe(0);
});
