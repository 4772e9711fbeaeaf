import { expect, test } from "vitest";
import { help } from "../../../shared/documents/help.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { shellSlip } from "../../../shared/documents/shell-slips.ts";
import { problemsWith, RECIPE } from "./problems-of.ts";

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
