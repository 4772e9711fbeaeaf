import { expect, test } from "vitest";
import { help } from "../../../shared/documents/help.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { shellSlip } from "../../../shared/documents/shell-slips.ts";
import { FLEET, problemsWith, RECIPE } from "./problems-of.ts";

const WRONG = {
  'yum install -y "nginx': 'has a " that is not closed',
  "echo it's": "has a ' that is not closed",
  'echo "a" "b\nyum install -y x': 'has a " that is not closed',
  "yum install -y nginx；systemctl start nginx": "holds ； outside of quotes",
  "ps aux ｜ grep nginx": "holds ｜ outside of quotes",
  "yum install —enablerepo epel x": "holds — outside of quotes",
  "yum install ——enablerepo=epel x": "holds — outside of quotes",
  "ls –l": "holds – outside of quotes",
  "ls －l": "holds － outside of quotes",
  "useradd -c “web server” web": "holds “ outside of quotes",
  "export A=“b c”": "holds “ outside of quotes",
  "yum install -y a\nyum install –y b": "holds – outside of quotes",
  // Between two commands, also where nothing but a space stands beside it.
  "mkdir -p /data ＆＆ touch /data/ready": "holds ＆＆ outside of quotes",
  "test -f /x ｜｜ exit 1": "holds ｜｜ outside of quotes",
  "mkdir /data ； cd /data": "holds ； outside of quotes",
  "cd /srv/项目； ls": "holds ； outside of quotes",
  "cat a.txt ｜ sort": "holds ｜ outside of quotes",
  "echo ok ＆＆ touch /x": "holds ＆＆ outside of quotes",
  "echo ok；systemctl start nginx": "holds ； outside of quotes",
  "echo 'a' ＞ /etc/motd": "holds ＞ outside of quotes",
  "grep -c a /etc/x ｜ tee /y": "holds ｜ outside of quotes",
  "sleep 5 ＆": "holds ＆ outside of quotes",
  // Redirections, patterns, assignments, comments.
  "ls ＞ /tmp/x": "holds ＞ outside of quotes",
  "ls ＞＞/tmp/说明": "holds ＞＞ outside of quotes",
  "sort ＜ /tmp/x": "holds ＜ outside of quotes",
  "rm -rf /tmp/x/＊": "holds ＊ outside of quotes",
  "ls /tmp/？": "holds ？ outside of quotes",
  "export A＝b": "holds ＝ outside of quotes",
  "dd if＝/dev/zero of=/x": "holds ＝ outside of quotes",
  "yum install -y nginx ＃安装": "holds ＃ outside of quotes",
  "＃ 安装\nyum install -y nginx": "holds ＃ outside of quotes",
  // Punctuation of a sentence, and a letter or digit.
  "yum install -y nginx，git": "holds ， outside of quotes",
  "yum install -y nginx、git": "holds 、 outside of quotes",
  "yum install -y nginx。": "holds 。 outside of quotes",
  "curl http：//localhost/": "holds ： outside of quotes",
  "if （true） then": "holds （ outside of quotes",
  "useradd ｗｅｂ": "holds ｗｅｂ outside of quotes",
  "sleep １０": "holds １０ outside of quotes",
  "A=$(date +%F)\nmkdir /data ＆＆ ls": "holds ＆＆ outside of quotes",
} as const;

const RIGHT = [
  'yum install -y "nginx"',
  "echo it\\'s",
  String.raw`echo $'it\'s'`,
  `echo "it's" 'a "b"'`,
  "yum install -y a # it's needed",
  "echo ${#A}",
  `echo "$(echo ")")" "$(basename "x y")"`,
  "echo 完成；下一步",
  "echo “你好”：世界",
  "sed -i s/；/;/g a.txt",
  "sed -i s/“/x/ a.txt",
  'useradd -c "“web” server" web',
  "touch 说明（1）.txt /srv/全角，逗号",
  "cp a — b",
  "cat <<E\nit's\nE",
  "#!/usr/bin/python3\nprint('''it's''')",
  "case x in a) ls;; esac",
  "A=b echo —x",
  "echo 名称 ｜ 版本",
  "echo a＝b，c。",
  "printf '%s' a；b",
  "touch 说明，二。",
  "touch 说明＝二",
  "grep ｜ /etc/x",
  "tr ； ,",
  "cp a–b.pdf c",
  "ls it’s.txt",
  "git commit -m 修复：登录",
  "git commit -m 'fix：login'",
  "cat <<E\na ＆＆ b\nE",
  "echo $(a；b)",
  "ls # 安装 ＆＆ 完成",
] as const;

test.each(Object.entries(WRONG))("a slip that is certain is named: %s", (command, said) => {
  expect(shellSlip(command)).toMatch(new RegExp(`^${said}`));
});

test.each(RIGHT)("what may be meant is taken: %s", (command) => {
  expect(shellSlip(command)).toBeUndefined();
});

test("a command that YAML cuts at a comment inside of its quotes is written whole", () => {
  const found = (step: string): string[] =>
    problemsWith(parseRecipe, `${RECIPE}provision:\n  - ${step}\n`).map(({ message }) => message);
  expect(found('echo "it costs #5 # and more"')).toEqual([
    expect.stringMatching(/" #" begins a comment; write 'echo "it costs #5 # and more"'$/),
  ]);
  expect(found('run: echo "a #b"')).toEqual([expect.stringContaining('when it holds " #"')]);
  expect(parseRecipe("web", `${RECIPE}provision:\n  - echo a #b\n`, help).provision).toMatchObject([
    { command: "echo a" },
  ]);
});

test("each slip is marked where it stands, in every kind of text and in every command", () => {
  const found = (parse: typeof parseRecipe | typeof parseFleet, text: string): string[] =>
    problemsWith(parse, text).map(
      ({ path, message, place }) => `${place?.line}:${place?.column} ${path} ${message.split(" ")[1]}`,
    );
  const steps = `provision:
  - run: |
      ls ＆＆ ls
      ls ＞ /x ＞ /y；ls
      echo ok
      ls ＞ /x
  - run: "ls \\"a\\" ｜｜ b"
  - >
    ls a
    ls b ＞ /x
  - ls a、b
test: { commands: [ls ＆＆ ls, { run: "a ｜ b" }] }
`;
  expect(found(parseRecipe, RECIPE + steps)).toEqual([
    "10:10 provision[0].run ＆＆",
    "11:10 provision[0].run ＞",
    "11:19 provision[0].run ；",
    "13:10 provision[0].run ＞",
    "14:20 provision[1].run ｜｜",
    "17:10 provision[2].run ＞",
    "18:9 provision[3].run 、",
    "19:23 test.commands[0].run ＆＆",
    "19:40 test.commands[1].run ｜",
  ]);
  const probes = `limits: { max: 1 }
size: { min: 1 }
health: { command: ls ＆＆ ls }
idle: { signals: { cpuAverage: 5 }, probe: { command: "ls ｜ wc" } }
`;
  expect(found(parseFleet, FLEET + probes)).toEqual([
    "8:23 health.command ＆＆",
    "9:59 idle.probe.command ｜",
  ]);
});
