/** Users and groups: who is there, as whom a command runs, and what that user may do. */
import { test } from "vitest";
import { freshDisk, runOnMachine } from "../../../cloud/index.ts";

const said = (script: string, system: "alinux" | "ubuntu" = "ubuntu"): string[] =>
  runOnMachine(script, freshDisk(system)).output.trimEnd().split("\n");

/** Exit codes and outputs are those of shadow 4.13 and coreutils 9.1, which share them with the rpm family. */
const ACCOUNTS: readonly (readonly [script: string, ...output: string[]])[] = [
  ["useradd -g nogroup9 x 2>&-; echo $?", "6"],
  ["useradd -G sudo,nogroup9 x 2>&-; echo $?; id x 2>&- || echo none", "6", "none"],
  ["useradd a; useradd a 2>&-; echo $?", "9"],
  ["useradd -u 0 b 2>&-; echo $?; useradd 2>&-; echo $?; useradd b:d 2>&-; echo $?", "4", "2", "3"],
  ["groupadd g1; useradd g1 2>&-; echo $?", "9"],
  [
    "useradd a; id a; groups a; getent passwd a; getent group a",
    "uid=1000(a) gid=1000(a) groups=1000(a)",
    "a : a",
    "a:x:1000:1000::/home/a:/bin/sh",
    "a:x:1000:",
  ],
  ["useradd -N n1; id n1", "uid=1000(n1) gid=100(users) groups=100(users)"],
  [
    "useradd -M -s /usr/sbin/nologin -d /opt/x -c 'a b' u2; getent passwd u2",
    "u2:x:1000:1000:a b:/opt/x:/usr/sbin/nologin",
  ],
  [
    "groupadd docker; useradd dep; usermod -aG docker dep; id -nG dep; groups dep; getent group docker",
    "dep docker",
    "dep : dep docker",
    "docker:x:1000:dep",
  ],
  [
    "useradd a; usermod -aG sudo,adm a; id a; id -Gn a; usermod -G adm a; id -nG a",
    "uid=1000(a) gid=1000(a) groups=1000(a),4(adm),27(sudo)",
    "a adm sudo",
    "a adm",
  ],
  ["usermod -aG sudo nouser 2>&-; echo $?; useradd a; usermod -aG nogroup9 a 2>&-; echo $?", "6", "6"],
  ["userdel x 2>&-; echo $?; useradd -m a; userdel -r a; ls /home; id a 2>&-; echo $?", "6", "1"],
  [
    "groupadd root 2>&-; echo $?; groupadd -g 0 z 2>&-; echo $?; groupadd -f root; echo $?; groupdel z9 2>&-; echo $?",
    "9",
    "4",
    "0",
    "6",
  ],
  [
    "getent passwd nope; echo $?; getent passwd 0; getent group 27; getent group nope; echo $?",
    "2",
    "root:x:0:0:root:/root:/bin/bash",
    "sudo:x:27:",
    "2",
  ],
  [
    "id; id -u; id -un; whoami; groups; id -nope9 2>&- >&-; id nope 2>&-; echo $?",
    "uid=0(root) gid=0(root) groups=0(root)",
    "0",
    "root",
    "root",
    "root",
    "1",
  ],
  ["useradd -r svc; [ $(id -u svc) -lt 1000 ] && echo system; useradd p; id -u p", "system", "1000"],
  ["echo 'a:b' | chpasswd 2>&-; echo $?; echo x | passwd nope 2>&-; echo $?", "1", "1"],
  ["gpasswd -a root sudo; getent group sudo", "Adding user root to group sudo", "sudo:x:27:root"],
  [
    "adduser --system --group svc; getent passwd svc; adduser --disabled-password --gecos '' joe; getent passwd joe",
    "svc:x:999:994::/home/svc:/usr/sbin/nologin",
    "joe:x:1000:1000::/home/joe:/bin/bash",
  ],
  ["useradd joe; adduser joe sudo; id -nG joe; adduser joe nope 2>&-; echo $?", "joe sudo", "1"],
];

test("accounts are made, changed and shown", ({ expect }) => {
  for (const [script, ...output] of ACCOUNTS)
    expect(
      said(script).filter((line) => !line.startsWith("guest")),
      script,
    ).toEqual(output);
});

const AS_OTHERS: readonly (readonly [script: string, output: string])[] = [
  ["sudo -u app whoami", "app"],
  ["sudo -u app sh -c 'echo $HOME $USER $LOGNAME $SUDO_USER'", "/home/app app app root"],
  ["export FOO=1; sudo sh -c 'echo [$FOO]'; sudo FOO=2 sh -c 'echo [$FOO]'", "[]\n[2]"],
  ["export FOO=1; sudo -E sh -c 'echo [$FOO]'", "[1]"],
  ["sudo -iu app pwd", "/home/app"],
  ["sudo -u nope id 2>&-; echo $?", "1"],
  ["su app -c whoami; su - app -c pwd; su -c whoami app", "app\n/home/app\napp"],
  ["su app -c 'echo $HOME $USER $SHELL; pwd'", "/home/app app /bin/bash\n/root"],
  ["export FOO=1; su app -c 'echo [$FOO]'; su - app -c 'echo [$FOO]'", "[1]\n[]"],
  ["su app -c 'exit 7'; echo $?; su nope -c id 2>&-; echo $?", "7\n1"],
  ["su nobody -c id; echo $?", "This account is currently not available.\n1"],
  ["su -s /bin/bash nobody -c whoami", "nobody"],
  [
    "runuser -l app -c whoami; runuser -u app -- whoami; runuser -u app -- sh -c 'echo $HOME'",
    "app\napp\n/home/app",
  ],
  [
    "sudo -u app bash -c 'echo $UID $EUID ~'; echo ~app ~root ~app/x ~nope",
    "1000 1000 /home/app\n/home/app /root /home/app/x ~nope",
  ],
  ["cd /tmp; env cd /; pwd; nohup cd / 2>&-; pwd", "/tmp\n/tmp"],
];

test("a command runs as another user, with the environment of that program", ({ expect }) => {
  for (const system of ["alinux", "ubuntu"] as const)
    for (const [script, output] of AS_OTHERS)
      expect(
        said(
          `useradd -m -s /bin/bash app\n${script.replaceAll("nohup cd / 2>&-", "nohup cd / 2>/dev/null")}`,
          system,
        )
          .filter((line) => !line.includes("cd: "))
          .join("\n"),
        `${script} (${system})`,
      ).toBe(output);
});

test("a user other than root changes only what is theirs", ({ expect }) => {
  const as = (script: string) =>
    said(
      `useradd -m -s /bin/bash app\nmkdir /srv/own /srv/all\nchown app /srv/own\nchmod 777 /srv/all\nsudo -u app bash -c '{ ${script}; } 2>/dev/null; echo $?'`,
      "alinux",
    ).at(-1);
  for (const script of [
    "touch /etc/x",
    "echo x > /etc/x",
    "cat /root/.bashrc",
    "ls /root",
    "cd /root",
    "rm /etc/hosts",
    "mkdir /opt/x",
    "useradd b",
    "usermod -aG wheel app",
    "chown app /etc/hosts",
    "chmod 777 /etc",
    "dnf install -y nginx",
    "systemctl restart sshd",
    "reboot",
    "sudo whoami",
    "su -c id",
    "passwd root",
    "echo x > /srv/x",
    "mv /etc/hosts /tmp",
    "ln -s /tmp /etc/x",
  ])
    expect(as(script), script).not.toBe("0");
  for (const script of [
    "touch ~/x",
    "echo x > /tmp/x",
    "cat /etc/hosts",
    "touch /srv/own/x && rm /srv/own/x",
    "touch /srv/all/x",
    "mkdir -p ~/a/b",
    "cp /etc/hosts ~/",
  ])
    expect(as(script), script).toBe("0");
});

test("a rule without a password lets a user do all, and programs of one's own are on root's path or not", ({
  expect,
}) => {
  const rule =
    "useradd app; echo 'app ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/app; sudo -u app sudo whoami";
  expect(said(rule)).toEqual(["root"]);
  const group = "useradd app; usermod -aG sudo app; sudo -u app sudo whoami; echo $?";
  expect(said(group).at(-1)).toBe("1");
  const own =
    "printf '#!/bin/sh\\necho tool\\n' > /usr/local/bin/tool; chmod +x /usr/local/bin/tool; sudo tool; echo $?";
  expect(said(own, "ubuntu")).toEqual(["tool", "0"]);
  expect(said(own, "alinux").at(-1)).toBe("1");
});

test("a login shell reads the profiles, and others do not", ({ expect }) => {
  const set = "echo 'export GREETING=hello' > /etc/profile.d/g.sh\n";
  const ask = "'echo [$GREETING]'";
  expect(
    said(`${set}bash -c ${ask}; bash -lc ${ask}; bash --login -c ${ask}; sh -lc ${ask}; su - -c ${ask}`),
  ).toEqual(["[]", "[hello]", "[hello]", "[hello]", "[hello]"]);
});
