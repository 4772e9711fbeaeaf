/** What answers on this machine's ports, and with which page: as the configuration of its web servers says. */
import { test } from "vitest";
import { freshDisk, runOnMachine } from "../../../cloud/index.ts";

const said = (script: string, system: "alinux" | "ubuntu" = "alinux"): string[] => {
  const install = { alinux: "dnf install -y", ubuntu: "apt-get install -y" }[system];
  return runOnMachine(script.replace("INSTALL", install), freshDisk(system))
    .output.trimEnd()
    .split("\n")
    .filter((line) => !/^(?:Installed|Complete)/.test(line));
};

test("a web server answers on its port while its unit is up, with its files", ({ expect }) => {
  const code = "curl -s -o /dev/null -w '%{http_code}\\n' localhost";
  expect(
    said(
      `INSTALL nginx\ncurl -s localhost; echo $?\nsystemctl start nginx\n${code}\n${code}/health\n${code}:8080; echo $?`,
    ),
  ).toEqual(["7", "200", "404", "000", "7"]);
  const up = "INSTALL nginx\nsystemctl start nginx\n";
  expect(
    said(
      `${up}curl -sf localhost/health; echo $?; wget -q localhost/health; echo $?; wget -q localhost:81; echo $?`,
    ),
  ).toEqual(["22", "8", "4"]);
  expect(
    said(
      `${up}echo hi > /usr/share/nginx/html/a.txt; curl -fsS http://127.0.0.1:80/a.txt; wget -qO- localhost/a.txt`,
    ),
  ).toEqual(["hi", "hi"]);
  expect(said(`${up}curl -sI localhost`)[0]).toBe("HTTP/1.1 200 OK\r");
  expect(said(`${up}systemctl stop nginx; curl -s localhost; echo $?`)).toEqual(["7"]);
});

test("ports, roots and fixed answers are those of the configuration", ({ expect }) => {
  const site = `server {
  listen 8080;  # own
  root /srv/w;
  location = /health { return 200 "ok\\n"; }
  location /old { return 301 /index.html; }
  location /api/ { proxy_pass http://127.0.0.1:3000; }
  location /app { try_files $uri /index.html; }
}`;
  const own = `INSTALL nginx\nsystemctl start nginx\nmkdir -p /srv/w\necho own > /srv/w/index.html\ncat > /etc/nginx/conf.d/own.conf <<'END'\n${site}\nEND\n`;
  expect(
    said(
      `${own}curl -s localhost:8080; curl -s localhost:8080/health; curl -sL localhost:8080/old; curl -s localhost:8080/app/x`,
    ),
  ).toEqual(["own", "ok", "own", "own"]);
  expect(said(`${own}curl -s localhost:8080/api/x; echo $?`)).toEqual([
    "guest: not simulated: curl -s localhost:8080/api/x",
    "0",
  ]);
  const moved = "sed -i 's/listen  *80;/listen 9090;/; s/:80;/:9090;/' /etc/nginx/nginx.conf";
  expect(
    said(`${own}${moved}; curl -s localhost; echo $?; curl -sf localhost:9090 > /dev/null; echo $?`),
  ).toEqual(["7", "0"]);
  expect(
    said("INSTALL nginx\nrm /etc/nginx/sites-enabled/default; curl -s localhost; echo $?", "ubuntu"),
  ).toEqual(["7"]);
});

test("Apache has no page of its own in the rpm family, and listens where its configuration says", ({
  expect,
}) => {
  const up = "INSTALL httpd\nsystemctl enable --now httpd\n";
  expect(
    said(`${up}curl -sf localhost; echo $?; echo p > /var/www/html/index.html; curl -sf localhost`),
  ).toEqual(["22", "p"]);
  expect(
    said(
      `${up}sed -i 's/^Listen 80/Listen 8081/' /etc/httpd/conf/httpd.conf; curl -s localhost; echo $?; curl -s -o /dev/null -w '%{http_code}' localhost:8081`,
    ),
  ).toEqual(["7", "403"]);
  expect(
    said("INSTALL apache2\ncurl -sf localhost > /dev/null; echo $?; curl -sf localhost/x; echo $?", "ubuntu"),
  ).toEqual(["0", "22"]);
});

test("a unit of one's own answers on the port it names, if it serves files, and is unknown otherwise", ({
  expect,
}) => {
  const unit = (start: string) =>
    `mkdir -p /srv/www /opt/app; echo f > /srv/www/f; printf '#!/bin/sh\\n' > /opt/app/run; chmod +x /opt/app/run\nprintf '[Service]\\nWorkingDirectory=/srv/www\\nExecStart=${start}\\n' > /etc/systemd/system/own.service\nsystemctl daemon-reload; systemctl start own\n`;
  const files = unit("/usr/bin/python3 -m http.server 8000");
  expect(
    said(`${files}curl -sf localhost:8000/f; curl -sf localhost:8000/g; echo $?; curl -s localhost; echo $?`),
  ).toEqual(["f", "22", "7"]);
  const app = unit("/opt/app/run --port 3000");
  expect(said(`${app}curl -s localhost:3001; echo $?; curl -s localhost:3000`)).toEqual([
    "7",
    "guest: not simulated: curl -s localhost:3000",
  ]);
  expect(said(`${unit("/opt/app/run")}curl -s localhost:3000`)).toEqual([
    "guest: not simulated: curl -s localhost:3000",
  ]);
});

test("what curl and wget do beyond that is not simulated", ({ expect }) => {
  const up = "INSTALL nginx >/dev/null\nsystemctl start nginx\n";
  for (const command of [
    "curl -X POST localhost",
    "curl -d a=b localhost",
    "curl -i localhost",
    "curl -v localhost",
    "curl localhost 127.0.0.1",
    "curl -w '%{time_total}' -o /dev/null localhost",
    "wget -c localhost",
    "wget -S localhost",
    "curl --unknown localhost",
  ])
    expect(
      said(up + command).filter((line) => line.startsWith("guest: not simulated")),
      command,
    ).toHaveLength(1);
});

test("curl asks again while nothing listens, with --retry-connrefused", ({ expect }) => {
  const ran = runOnMachine(
    "(sleep 42; dnf install -y nginx; systemctl start nginx) > /dev/null & curl -sf --retry 20 --retry-delay 5 --retry-connrefused localhost > /dev/null",
  );
  expect(ran).toMatchObject({ code: 0, waitedMs: 65_000 });
  expect(runOnMachine("curl -s --retry 3 localhost")).toMatchObject({ code: 7, waitedMs: 0 });
});
