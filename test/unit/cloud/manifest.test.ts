import { test } from "vitest";
import { envNames } from "../../cloud/manifest/interpolation.ts";
import { type Manifest, parseManifest } from "../../cloud/manifest/manifest.ts";
import { known } from "../../support/known.ts";

const HEAD = `
edition: 3.0.0
name: app
vars: { region: "\${env('REGION', 'cn-hangzhou')}", account: '1234567890123456', size: 256 }
template:
  small:
    region: \${vars.region}
    runtime: nodejs20
    handler: index.handler
    memorySize: \${vars.size}
    cpu: 0.1
    diskSize: 512
    timeout: 60
    role: acs:ram::\${vars.account}:role/worker
    environmentVariables: { STAGE: test }
resources:
`;

/** One resource per entry: its props beyond the template's, as lines of YAML. */
const manifest = (functions: Record<string, string>): string =>
  HEAD +
  Object.entries(functions)
    .map(([name, props]) => {
      const lines = [`functionName: app-${name}`, `code: ./dist/${name}`, ...props.split("\n")];
      const head = `  ${name}:\n    component: fc3@0.1.22\n    extend: { name: small }\n    props:\n`;
      return head + lines.map((line) => `      ${line}\n`).join("");
    })
    .join("");

const read = (text: string, env: Record<string, string> = {}): Manifest =>
  parseManifest(text, { file: "s.yaml", folder: "/app", env });

const problems = (text: string, env: Record<string, string> = {}): string[] => {
  try {
    read(text, env);
  } catch (error) {
    return known<Error>(error).message.split("\n");
  }
  return [];
};

const PROPS = `environmentVariables: { NEXT: '\${resources.two.props.functionName}', TOKEN: "\${env('TOKEN')}" }
asyncInvokeConfig:
  asyncTask: true
  maxAsyncRetryAttempts: 2
  maxAsyncEventAgeInSeconds: 3600
  destinationConfig: { onFailure: { destination: 'acs:fc:\${vars.region}::functions/app-two' } }
concurrencyConfig: { reservedConcurrency: 5 }
triggers:
  - { triggerName: tick, triggerType: timer, triggerConfig: { cronExpression: '@every 5m', enable: true, payload: '{}' } }
  - triggerName: inbox
    triggerType: oss
    sourceArn: acs:oss:\${vars.region}:\${vars.account}:box
    invocationRole: acs:ram::\${vars.account}:role/notifier
    triggerConfig: { events: ['oss:ObjectCreated:*'], filter: { key: { prefix: in/, suffix: '' } } }`;

const INBOX = { kind: "oss", name: "inbox", description: "", role: "notifier" };

test("a sound manifest becomes functions with every expression resolved", ({ expect }) => {
  const { functions, regions } = read(manifest({ one: PROPS, two: "cpu: 0.25" }), { TOKEN: "t-1" });
  expect(regions).toEqual(["cn-hangzhou"]);
  expect(functions).toEqual([
    {
      name: "app-one",
      description: "",
      internetAccess: true,
      hasAsyncConfig: true,
      codePath: "/app/dist/one",
      handler: "index.handler",
      runtime: "nodejs20",
      vcpu: 0.1,
      memoryMb: 256,
      diskMb: 512,
      timeoutMs: 60_000,
      environment: { STAGE: "test", NEXT: "app-two", TOKEN: "t-1" },
      role: "worker",
      asyncTask: true,
      maxRetries: 2,
      maxAgeMs: 3_600_000,
      onFailure: "app-two",
      reservedConcurrency: 5,
      triggers: [
        { kind: "timer", name: "tick", description: "", cron: "@every 5m", enabled: true, payload: "{}" },
        { ...INBOX, bucket: "box", events: ["oss:ObjectCreated:*"], prefix: "in/", suffix: "" },
      ],
    },
    expect.objectContaining({
      name: "app-two",
      vcpu: 0.25,
      maxRetries: 3,
      maxAgeMs: 86_400_000,
      triggers: [],
    }),
  ]);
});

test("the environment goes before the default written in the manifest", ({ expect }) => {
  expect(read(manifest({ one: "" }), { REGION: "cn-beijing" }).regions).toEqual(["cn-beijing"]);
});

test("all problems are reported at once, each with its place and what to do", ({ expect }) => {
  const props = `timeout: 0
memorysize: 512
instanceConcurrency: 10
environmentVariables: { FC_X: a, COUNT: 5 }
triggers:
  - { triggerName: tick, triggerType: timer, triggerConfig: { cronExpresion: '@every 5m', enable: "yes" } }
  - { triggerName: web, triggerType: http, triggerConfig: { authType: open, methods: [FETCH] } }
  - { triggerName: q, triggerType: mns_topic, triggerConfig: {} }`;
  const found = problems(manifest({ one: props }));
  const at = "s.yaml: resources.one.props.";
  for (const start of [
    `${at}timeout: is 0, not a whole number from 1 to 86400 — `,
    `${at}memorysize: is not a key known here — did you mean memorySize?`,
    `${at}instanceConcurrency: is set — take it out`,
    `${at}environmentVariables.FC_X: `,
    `${at}environmentVariables.COUNT: is 5, not a text — quote it`,
    `${at}triggers[0].triggerConfig.cronExpression: is missing`,
    `${at}triggers[0].triggerConfig.cronExpresion: is not a key known here — did you mean cronExpression?`,
    `${at}triggers[0].triggerConfig.enable: is "yes", not true or false`,
    `${at}triggers[1].triggerConfig.authType: is "open", not one of anonymous, function`,
    `${at}triggers[1].triggerConfig.methods[0]: is "FETCH"`,
    `${at}triggers[2].triggerType: is "mns_topic" — use timer, oss, http`,
  ]) {
    expect(found.filter((line) => line.startsWith(start))).toHaveLength(1);
  }
  expect(found).toHaveLength(11);
  for (const line of found) expect(line).toMatch(/ — \S/);
});

test("limits of the platform are kept", ({ expect }) => {
  for (const [props, place] of [
    ["cpu: 0.07", "cpu: "],
    ["memorySize: 100", "memorySize: "],
    ["cpu: 0.05", "memorySize: is 256 MB for 0.05 vCPU — give 1 to 4 GB per vCPU, here 128 to 192 MB"],
    ["cpu: 0.5", "memorySize: is 256 MB for 0.5 vCPU"],
    ["diskSize: 1024", "diskSize: "],
    ["runtime: nodejs22", "runtime: "],
    ["role: worker", "role: "],
    ["handler: handler", "handler: "],
    [`environmentVariables: { BIG: ${"x".repeat(4100)} }`, "environmentVariables: is larger than 4 KB"],
    ["concurrencyConfig: { reservedConcurrency: 0 }", "concurrencyConfig.reservedConcurrency: "],
    [
      "asyncInvokeConfig: { maxAsyncRetryAttempts: 9, maxAsyncEventAgeInSeconds: 1 }",
      "asyncInvokeConfig.maxAsyncRetryAttempts: ",
    ],
  ] as const) {
    expect(problems(manifest({ one: props }))).toEqual([
      expect.stringContaining(`s.yaml: resources.one.props.${place}`),
    ]);
  }
  for (const props of ["cpu: 0.25", "memorySize: 128\ncpu: 0.05", "memorySize: 384\ncpu: 0.35"]) {
    expect(problems(manifest({ one: props }))).toEqual([]);
  }
});

test("a custom domain has a certificate and HTTPS; an empty one is none", ({ expect }) => {
  const domainOf = (changes: string) =>
    `customDomain: { domainName: kiln.example.com, protocol: HTTPS, certConfig: { certId: 7 }, route: { path: /* }${changes} }`;
  expect(read(manifest({ one: domainOf("") })).functions[0]?.customDomain).toMatchObject({
    domainName: "kiln.example.com",
  });
  expect(read(manifest({ one: "customDomain: {}" })).functions[0]).not.toHaveProperty("customDomain");
  for (const [props, place] of [
    [domainOf("").replace("HTTPS", "HTTP"), "protocol: "],
    [domainOf("").replace("7", "0"), "certConfig.certId: "],
    [domainOf("").replace("kiln.example.com", "https://kiln.example.com/"), "domainName: "],
    [domainOf(", authConfig: {}"), "authConfig: is not a key known here"],
  ] as const) {
    expect(problems(manifest({ one: props }))).toEqual([
      expect.stringContaining(`s.yaml: resources.one.props.customDomain.${place}`),
    ]);
  }
});

test("a cron text that the platform would take wrongly is refused", ({ expect }) => {
  for (const cron of ["*/5 * * * *", "@every 30s", "CRON_TZ=Nowhere/Town 0 0 4 * * *", "0 0 4 31 2 *"]) {
    const config = `{ cronExpression: '${cron}', enable: true }`;
    const props = `triggers: [{ triggerName: t, triggerType: timer, triggerConfig: ${config} }]`;
    expect(problems(manifest({ one: props }))).toEqual([
      expect.stringContaining("triggers[0].triggerConfig.cronExpression: "),
    ]);
  }
});

const oss = (name: string, prefix: string, event = "oss:ObjectCreated:PutObject", bucket = "box"): string =>
  `  - { triggerName: ${name}, triggerType: oss, sourceArn: 'acs:oss:cn-hangzhou:1234567890123456:${bucket}', ` +
  "invocationRole: 'acs:ram::1234567890123456:role/notifier', " +
  `triggerConfig: { events: ['${event}'], filter: { key: { prefix: '${prefix}', suffix: '' } } } }`;

test("two rules on one bucket whose prefixes overlap for the same event are refused", ({ expect }) => {
  const of = (...triggers: string[]) => problems(manifest({ one: ["triggers:", ...triggers].join("\n") }));
  expect(of(oss("a", "in/"), oss("b", "out/"))).toEqual([]);
  expect(of(oss("a", "in/"), oss("b", "in/", "oss:ObjectRemoved:DeleteObject"))).toEqual([]);
  expect(of(oss("a", "in/"), oss("b", "in/", "oss:ObjectCreated:PutObject", "other"))).toEqual([]);
  expect(of(oss("a", "in/"), oss("b", "in/deep/"))).toEqual([expect.stringContaining("overlaps trigger a")]);
  expect(of(oss("a", ""), oss("b", "in/", "oss:ObjectCreated:*"))).toEqual([
    expect.stringContaining("overlaps trigger a"),
  ]);
});

test("names must exist: a destination, a template, a variable, an unset environment", ({ expect }) => {
  const destination = (target: string) =>
    "asyncInvokeConfig: { maxAsyncRetryAttempts: 1, maxAsyncEventAgeInSeconds: 1, destinationConfig: " +
    `{ onFailure: { destination: 'acs:fc:cn-hangzhou::functions/${target}' } } }`;
  expect(problems(manifest({ one: destination("app-one") }))).toEqual([]);
  expect(problems(manifest({ one: destination("elsewhere") }))).toEqual([
    expect.stringContaining("onFailure.destination: there is no function elsewhere"),
  ]);
  expect(problems(manifest({ one: "description: ${vars.nothing}" }))).toEqual([
    expect.stringContaining("description: ${vars.nothing} names nothing"),
  ]);
  expect(problems(manifest({ one: "description: ${env('TOKEN')}" }))).toEqual([
    expect.stringContaining("description: the environment has no TOKEN — set it"),
  ]);
  expect(problems(manifest({ one: "description: ${config('AccountID')}" }))).toEqual([
    expect.stringContaining("is not known here"),
  ]);
  expect(
    problems(manifest({ one: "" }).replace("extend: { name: small }", "extend: { name: large }")),
  ).toContainEqual(expect.stringContaining("there is no template large"));
});

test("the file itself is held to its form: edition, pinned component, a literal profile", ({ expect }) => {
  const sound = manifest({ one: "" });
  expect(problems(sound)).toEqual([]);
  for (const [from, to, place] of [
    ["fc3@0.1.22", "fc3", "resources.one.component: "],
    ["edition: 3.0.0", "edition: 1.0.0", "edition: "],
    ["name: app", "name: app\naccess: ${env('X')}", "access: "],
    ["name: app", "name: app\nresource: {}", "resource: is not a key known here — did you mean resources?"],
  ] as const) {
    expect(problems(sound.replace(from, to), { X: "x" })).toEqual([
      expect.stringContaining(`s.yaml: ${place}`),
    ]);
  }
  expect(problems("a: [")[0]).toMatch(/^s.yaml: is not YAML: /);
  expect(problems("text")).toEqual(["s.yaml: is not a map of keys — write edition, name and resources"]);
});

test("the names a manifest asks the environment for are found, those without a default apart", ({
  expect,
}) => {
  const text = "a: ${env('ONE')}\nb: ${env('TWO', 'x')} ${ env(\"THREE\") }";
  expect(envNames(text)).toEqual(["ONE", "TWO", "THREE"]);
  expect(envNames(text, true)).toEqual(["ONE", "THREE"]);
});
