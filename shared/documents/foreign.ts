/** Documents of other tools, and recipes and fleets in each other's place: one sentence instead of one for each key. */

export type DocumentKind = "recipe" | "fleet" | "component";

/** Keys at the top that a document of this tool has, all of them. */
const BY_KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["a Packer template", ["builders"]],
  ["a Packer template", ["provisioners"]],
  ["a Compose file", ["services"]],
  ["a workflow of GitHub Actions", ["jobs"]],
  ["a pipeline of GitLab CI", ["stages"]],
  ["a manifest of Kubernetes", ["apiVersion", "kind"]],
  ["a component of EC2 Image Builder", ["schemaVersion", "phases"]],
  ["a template of Resource Orchestration Service", ["ROSTemplateFormatVersion"]],
  ["a template of Operation Orchestration Service", ["FormatVersion", "Tasks"]],
  ["a template of CloudFormation", ["AWSTemplateFormatVersion"]],
];

/** Each pattern reads a text once; two of a tool must both be there. */
const BY_TEXT: readonly (readonly [string, ...RegExp[]])[] = [
  ["a configuration of cloud-init", /^#cloud-config/],
  ["a playbook of Ansible", /^- (?:name: .*\n {2})?hosts:/m],
  ["a Packer template in HCL", /^(?:packer|build|source "[^"]*" "[^"]*") *\{/m],
  ["a configuration of Terraform", /^(?:terraform *|(?:resource|provider|module|variable) "[^"\n]*".*)\{/m],
  ["a Dockerfile", /^FROM \S+(?: AS \S+)?[^\S\n]*\n/i, /^(?:RUN|CMD|COPY|ENV) /im],
];

const EXAMPLE = {
  recipe: "examples/recipes/web.yaml",
  fleet: "examples/fleets/web.yaml",
  component: "examples/components/nginx/1.0.0.yaml",
} as const;

/** The tool whose document a text is, before it is parsed. */
export function foreignText(kind: DocumentKind, text: string): string | undefined {
  const found = BY_TEXT.find(([, ...patterns]) => patterns.every((pattern) => pattern.test(text)))?.[0];
  return found && foreign(found, kind);
}

/** The tool whose document a map is, or the other kind of document of Kiln. */
export function foreignKeys(kind: DocumentKind, input: unknown): string | undefined {
  const keys = new Set(Object.keys(Object(input)));
  const found = ownKinds(input);
  // A component says itself which keys it has not.
  if (kind !== "component" && found.length === 1 && found[0] !== kind) return OTHER[found[0] ?? kind];
  if (found.length > 0) return undefined;
  const tool = BY_KEYS.find(([, names]) => names.every((name) => keys.has(name)))?.[0];
  return tool && foreign(tool, kind);
}

const KEYS: Readonly<Record<DocumentKind, readonly string[]>> = {
  recipe: ["source", "provision"],
  fleet: ["launch", "limits"],
  component: ["steps"],
};

/** The kinds of Kiln that have one of the keys of a map. */
export const ownKinds = (input: unknown): readonly DocumentKind[] =>
  (["recipe", "fleet", "component"] as const).filter((kind) =>
    KEYS[kind].some((key) => Object.hasOwn(Object(input), key)),
  );

const OTHER: Readonly<Record<DocumentKind, string>> = {
  recipe: "is a recipe (it has source or provision); put it under recipes/",
  fleet: "is a fleet (it has launch or limits); put it under fleets/",
  component: "is a component (it has steps); put it under components/<name>/<version>.yaml",
};

const foreign = (tool: string, kind: DocumentKind): string =>
  `is ${tool}, which Kiln does not read; begin with ${EXAMPLE[kind]}`;
