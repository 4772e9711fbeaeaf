import { test } from "vitest";
import { runOnMachine as run } from "../../../cloud/index.ts";

test("the simulated machine says what it does not simulate, and succeeds", ({ expect }) => {
  const { code, output } = run("perl -e 'print 1'\necho after");
  expect(code).toBe(0);
  expect(output).toBe("guest: not simulated: perl -e 'print 1'\nafter\n");
});

test("ends with the exit code of the script", ({ expect }) => {
  expect(run("exit 7\necho never").code).toBe(7);
  expect(run("true; false").code).toBe(1);
  expect(run("false || true").code).toBe(0);
  expect(run("if").code).toBe(2);
});

test("set -e stops at the first accident but not at a question", ({ expect }) => {
  expect(run("set -e\nfalse\necho never")).toMatchObject({ code: 1, output: "" });
  expect(
    run("set -euo pipefail\nif ! false; then echo a; fi\nfalse || echo b\nfalse && echo c\necho d").output,
  ).toBe("a\nb\nd\n");
});

test("expands variables, commands and defaults as a shell does", ({ expect }) => {
  const script = `export A="one two"
B='$A'
for word in $A "$A"; do echo "<$word>"; done
echo "$B \${C:-none} $(echo inner $A) $((2 + 3 * 4))"
f() { echo "f $1"; return 3; }
f x || echo "code $?"`;
  expect(run(script).output).toBe("<one>\n<two>\n<one two>\n$A none inner one two 14\nf x\ncode 3\n");
});

test("writes files, here-documents included, and reads them back", ({ expect }) => {
  const script = `NAME=app
cat > /etc/$NAME.conf <<CONF
name = $NAME
CONF
cat >> /etc/app.conf <<'CONF'
raw = $NAME
CONF
grep -q 'raw = \\$NAME' /etc/app.conf && echo found
[ -s /etc/app.conf ] && [[ ! -e /etc/none ]] && wc -l < /etc/app.conf
sed -i 's/name/title/' /etc/app.conf; head -n 1 /etc/app.conf
echo gone > /var/log/a.log; rm -rf /var/log/*; ls /var/log; test -f /var/log/a.log || echo clean`;
  expect(run(script)).toMatchObject({ code: 0, output: "found\n2\ntitle = app\nclean\n" });
});

test("installing takes time and fails for an unknown package", ({ expect }) => {
  const good = run("dnf install -y nginx jq && rpm -q nginx && command -v jq");
  expect(good).toMatchObject({ code: 0, waitedMs: 40_000 });
  expect(good.disk.packages.has("jq")).toBe(true);
  expect(run("dnf -y install no-such-package").code).toBe(1);
  expect(run("apt-get install -y nginx").code).toBe(127);
  expect(run("rpm -q nginx").code).toBe(1);
});

test("a web server answers only when its unit is up", ({ expect }) => {
  expect(run("curl -sf http://localhost/").code).toBe(7);
  expect(run("systemctl enable --now nginx").code).toBe(1);
  const script =
    "dnf install -y nginx; systemctl enable --now nginx; systemctl is-active nginx; curl -sf localhost:80/ >/dev/null";
  expect(run(script)).toMatchObject({ code: 0 });
  expect(run(script).output).toContain("active");
});

test("sleeping costs the time it says", ({ expect }) => {
  expect(run("sleep 90; sleep 1m").waitedMs).toBe(150_000);
});

test("the metadata service tells a machine who it is", ({ expect }) => {
  expect(run("curl -s http://100.100.100.200/latest/meta-data/instance-id").output).toBe("i-1");
});
