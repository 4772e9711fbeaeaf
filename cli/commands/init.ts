/** `init [NAME]`: writes a first recipe and a first fleet, which `check` accepts. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import { NAME_PATTERN } from "../../shared/names.ts";
import {
  CommandError,
  EXIT,
  jsonOf,
  type Command,
  type Exit,
  type Input,
  type Io,
  type Option,
} from "../command.ts";

/** Each is asked for on a terminal; elsewhere the usual answer counts, if there is one. */
const QUESTIONS: Readonly<Record<string, Option & { readonly usual?: string }>> = {
  base: {
    value: "FAMILY",
    help: "family of the base image",
    usual: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  },
  type: { value: "TYPE", help: "instance type", usual: "ecs.g7.large" },
  vswitch: { value: "ID", help: "vSwitch, vsw-…" },
  group: { value: "ID", help: "security group, sg-…" },
  max: { value: "NUMBER", help: "most members of the fleet that run at once", usual: "3" },
};

export const init: Command = {
  name: "init",
  summary: "write a first recipe and a first fleet, by asking or from options",
  args: "[NAME]",
  count: [0, 1],
  options: QUESTIONS,
  details:
    "Writes recipes/NAME.yaml and fleets/NAME.yaml in the current folder, and replaces no file. NAME is web without it.",
  shape: "files",
  run,
};

async function run(input: Input, io: Io): Promise<Exit> {
  const [name = "web"] = input.args;
  if (!NAME_PATTERN.test(name))
    throw new CommandError(
      EXIT.usage,
      `${name} must be 1 to 40 lower-case letters, digits and -, with a letter first`,
    );
  const files = textsOf(name, await answers(input, io), io);
  const there = Object.keys(files).filter((file) => existsSync(join(io.cwd, file)));
  if (there.length > 0)
    throw new CommandError(
      EXIT.usage,
      `${there.join(" and ")} exists already; choose another name: init NAME`,
    );
  await refuseMistakes(files);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(io.cwd, dirname(file)), { recursive: true });
    writeFileSync(join(io.cwd, file), text, { flag: "wx" });
  }
  const written = Object.keys(files);
  io.out(
    input.json
      ? jsonOf("init", { files: written })
      : `written: ${written.join(", ")}\nnext: npm run kiln -- try ${written[0]}`,
  );
  return EXIT.ok;
}

type Answers = Readonly<Record<string, string>>;

async function answers(input: Input, io: Io): Promise<Answers> {
  const given: Record<string, string> = {};
  for (const [option, { help, usual }] of Object.entries(QUESTIONS)) {
    const hint = usual === undefined ? "" : ` [${usual}]`;
    const typed = input.one(option) ?? (await io.ask(`${help}${hint}: `))?.trim();
    const value = typed || usual;
    if (value === undefined) throw new CommandError(EXIT.usage, `--${option} is missing: the ${help}`);
    given[option] = value;
  }
  return given;
}

/** The first line of a document, by which editors find its schema: that of this checkout, wherever the document lies. */
const schemaLine = (kind: string, { root, cwd }: Pick<Io, "root" | "cwd">): string => {
  const schemas = relative(join(cwd, `${kind}s`), join(root, "schemas")).replaceAll("\\", "/");
  return `# yaml-language-server: $schema=${schemas}/${kind}.schema.json`;
};

const textsOf = (
  name: string,
  { base, type, vswitch, group, max }: Answers,
  io: Pick<Io, "root" | "cwd">,
): Readonly<Record<string, string>> => ({
  [`recipes/${name}.yaml`]: `${schemaLine("recipe", io)}
source:
  builder:
    family: ${base}
    instanceTypes: [${type}]
    vSwitchIds: [${vswitch}]
    securityGroupId: ${group}
# Run in order as root; a failed command fails the bake.
provision:
  - yum install -y nginx
  - systemctl enable nginx
# The image joins this family after its test.
family: ${name}
test:
  commands:
    - systemctl is-active nginx
`,
  [`fleets/${name}.yaml`]: `${schemaLine("fleet", io)}
family: ${name}
launch:
  InstanceType: [${type}]
  VSwitchId: [${vswitch}]
  SecurityGroupId: ${group}
limits: { max: ${max} }
`,
});

/** @throws CommandError for an answer that a document cannot hold */
async function refuseMistakes(files: Readonly<Record<string, string>>): Promise<void> {
  const { parseRecipe } = await import("../../shared/documents/recipe.ts");
  const { parseFleet } = await import("../../shared/documents/fleet.ts");
  try {
    for (const [file, text] of Object.entries(files))
      if (file.startsWith("fleets/")) parseFleet(file, text);
      else parseRecipe(file, text);
  } catch (error) {
    throw new CommandError(EXIT.invalid, `nothing is written: ${messageOf(error)}`);
  }
}
