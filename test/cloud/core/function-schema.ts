/**
 * Rules of a function, its triggers and its settings: those of the API, which a manifest for the fc3 component
 * obeys too. They are stricter than that tool's own schema, which checks neither unknown keys nor triggers.
 */
import * as z from "zod/mini";
import { parseSchedule } from "./schedule.ts";
import { flag, list, number, oneOf, strict, text, whole } from "./rules.ts";
import { messageOf } from "./message-of.ts";

const RUNTIMES = ["nodejs20", "nodejs18", "nodejs16"] as const;
const HTTP_METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"] as const;
const MAX_PAYLOAD_BYTES = 128 * 1024;
const MAX_ENVIRONMENT_BYTES = 4096;

const OSS_CREATED =
  "* PutObject PostObject CopyObject AppendObject CompleteMultipartUpload InitiateMultipartUpload UploadPart " +
  "UploadPartCopy PutSymlink";
const OSS_EVENTS = [
  ...OSS_CREATED.split(" ").map((name) => `oss:ObjectCreated:${name}`),
  "oss:ObjectRemoved:DeleteObject",
  "oss:ObjectRemoved:DeleteObjects",
  "oss:ObjectRemoved:AbortMultipartUpload",
  "oss:ObjectModified:UpdateObjectMeta",
];

export const ROLE_ARN = /^acs:ram::\d+:role\/([\w.-]{1,64})$/i;
export const FUNCTION_ARN = /^acs:fc:([\w-]+):(\d*):functions\/([\w-]+)$/;
export const BUCKET_ARN = /^acs:oss:([\w-]+):(\d+):([a-z0-9-]{3,63})$/;

const roleArn = text("the ARN of a role", "write acs:ram::<account>:role/<name>", ROLE_ARN);

const triggerName = text(
  "a trigger name",
  "use 1 to 128 letters, digits, _ and -, not starting with a digit or -",
  /^[A-Za-z_][\w-]{0,127}$/,
);
const description = z.optional(text("a text", "quote it"));
const qualifier = z.optional(oneOf(["LATEST"], "leave it out: versions and aliases are not supported here"));

const cronExpression = z
  .string({ error: "is missing or not a text — write six fields, seconds first, or @every 5m" })
  .check(
    z.check((payload) => {
      try {
        parseSchedule(payload.value, 0);
      } catch (error) {
        const what = `is ${JSON.stringify(payload.value)}: ${messageOf(error)}`;
        const message = `${what} — write six fields, seconds first (CRON_TZ=Zone before them), or @every 5m`;
        payload.issues.push({ code: "custom", message, input: payload.value });
      }
    }),
  );

/** Triggers by their type; the type itself is checked by whoever picks one of these. */
export const TRIGGERS = {
  timer: strict({
    triggerName,
    triggerType: z.literal("timer"),
    description,
    qualifier,
    triggerConfig: strict({
      cronExpression,
      enable: flag("say whether it fires"),
      payload: z.optional(
        text(
          "a text of at most 128 KB",
          "quote it; it reaches the function as a text",
          (payload) => Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES,
        ),
      ),
    }),
  }),
  oss: strict({
    triggerName,
    triggerType: z.literal("oss"),
    description,
    qualifier,
    sourceArn: text("the ARN of a bucket", "write acs:oss:<region>:<account>:<bucket>", BUCKET_ARN),
    // Without one the deploy tool asks RAM for a default role: give it, and say what it may.
    invocationRole: roleArn,
    triggerConfig: strict({
      events: list(
        text("an event of OSS", `name one of ${OSS_EVENTS.slice(0, 3).join(", ")}, …`, (name) =>
          OSS_EVENTS.includes(name),
        ),
        "a list of events",
      ),
      filter: strict({
        key: strict({
          prefix: text("a text", "write the prefix, or '' for all keys"),
          suffix: text("a text", "write the suffix, or '' for all keys"),
        }),
      }),
    }),
  }),
  http: strict({
    triggerName,
    triggerType: z.literal("http"),
    description,
    qualifier,
    triggerConfig: strict({
      authType: oneOf(["anonymous", "function"], "choose who may call"),
      methods: list(oneOf(HTTP_METHODS, "list the methods that are served"), "a list of methods"),
      disableURLInternet: z.optional(flag("say whether the public URL is off")),
    }),
  }),
} as const;

export type TriggerProps = z.infer<(typeof TRIGGERS)[keyof typeof TRIGGERS]>;

const destination = z.optional(
  strict({
    destination: text(
      "the ARN of a function",
      "write acs:fc:<region>:<account>:functions/<name>",
      FUNCTION_ARN,
    ),
  }),
);

const environmentVariables = z
  .record(
    text(
      "a legal name",
      "use letters, digits and _, starting with a letter, not with FC_",
      /^(?!FC_)[A-Za-z]\w*$/,
    ),
    text("a text", "quote it: every value is a text"),
    { error: "is not a map of texts — write NAME: 'value' below it" },
  )
  .check(
    z.refine(
      (variables) => Buffer.byteLength(Object.entries(variables).flat().join("")) <= MAX_ENVIRONMENT_BYTES,
      { error: "is larger than 4 KB — move what is large to OSS" },
    ),
  );

const logConfig = z.union([
  z.literal("auto"),
  strict({
    project: text("a text", "name the log project"),
    logstore: text("a text", "name the log store"),
    enableRequestMetrics: z.optional(flag("say whether requests are measured")),
    enableInstanceMetrics: z.optional(flag("say whether instances are measured")),
    logBeginRule: z.optional(oneOf(["None", "DefaultRegex"], "choose one")),
  }),
]);

const vpcConfig = strict({
  vpcId: text("a text", "name the VPC, or '' for none"),
  vSwitchIds: list(text("a text", "name a vSwitch of the VPC"), "a list of vSwitches"),
  securityGroupId: text("a text", "name a security group of the VPC, or '' for none"),
}).check(
  z.refine(
    ({ vpcId, vSwitchIds, securityGroupId }) =>
      [vpcId !== "", vSwitchIds.length > 0, securityGroupId !== ""].every((is, _, [first]) => is === first),
    { error: "is half a VPC — give vpcId, vSwitchIds and securityGroupId together, or none of them" },
  ),
);

/** Fields of a function that the API itself keeps, under the names of CreateFunction. */
const FUNCTION_SHAPE = {
  functionName: text(
    "a function name",
    "use 1 to 64 letters, digits, _ and -, not starting with a digit or -",
    /^[A-Za-z_][\w-]{0,63}$/,
  ),
  description,
  runtime: oneOf(RUNTIMES, "nodejs20 is the newest built-in one"),
  handler: text("file.function", "write index.handler", /^[\w/-]+\.\w+$/),
  cpu: number(
    "a multiple of 0.05 from 0.05 to 16",
    "give vCPUs in steps of 0.05",
    (n) => n >= 0.05 && n <= 16 && Math.abs(n * 20 - Math.round(n * 20)) < 1e-9,
  ),
  memorySize: number(
    "a multiple of 64 from 128 to 32768",
    "give megabytes in steps of 64",
    (n) => n >= 128 && n <= 32_768 && n % 64 === 0,
  ),
  diskSize: number("512 or 10240", "give one of the two", (n) => n === 512 || n === 10_240),
  timeout: whole(1, 86_400, "give seconds; without it the platform takes 3"),
  environmentVariables: z.optional(environmentVariables),
  role: z.optional(roleArn),
  internetAccess: z.optional(flag("say whether the function reaches the internet")),
  logConfig: z.optional(logConfig),
  vpcConfig: z.optional(vpcConfig),
} as const;

/** The body of CreateFunction and UpdateFunction without code, as far as it is simulated. */
export const FunctionInput = strict(FUNCTION_SHAPE);
export type FunctionInputValue = z.infer<typeof FunctionInput>;

export const AsyncConfigInput = strict({
  asyncTask: z.optional(flag("say whether task ids are used")),
  maxAsyncRetryAttempts: whole(0, 8, "say how often a failed event is tried again"),
  maxAsyncEventAgeInSeconds: whole(
    1,
    604_800,
    "say how old an event may get; the tool's default is not the API's",
  ),
  destinationConfig: z.optional(strict({ onSuccess: destination, onFailure: destination })),
});
export type AsyncConfigValue = z.infer<typeof AsyncConfigInput>;

export const ConcurrencyInput = strict({
  reservedConcurrency: whole(1, 100, "of the account's 100 instances in the region"),
});

/** A domain of the function; the deploy tool takes an empty one for none. It adds the route to those the domain has. */
const customDomain = z.pipe(
  z.transform((value: unknown) => (JSON.stringify(value) === "{}" ? undefined : value)),
  z.optional(
    strict({
      domainName: text("a domain", "write kiln.example.com, for example", /^(?:[a-z0-9-]+\.)+[a-z]{2,}$/),
      protocol: oneOf(["HTTPS"], "a link is authority, so it goes over HTTPS"),
      certConfig: strict({
        certId: whole(
          1,
          Number.MAX_SAFE_INTEGER,
          "give the id of a certificate in Certificate Management Service",
        ),
      }),
      route: strict({ path: text("a path", "write /* for all paths", /^\//) }),
    }),
  ),
);

/** Props of a function; triggers only as a list, see TRIGGERS. */
export const FunctionProps = strict({
  ...FUNCTION_SHAPE,
  region: text("a region", "write cn-hangzhou, for example", /^[a-z]{2,}-[a-z0-9-]+$/),
  code: text("a folder", "name the folder with index.js in it"),
  instanceConcurrency: z.optional(
    z.never({ error: "is set — take it out: a built-in runtime serves one request per instance" }),
  ),
  asyncInvokeConfig: z.optional(AsyncConfigInput),
  customDomain: z.optional(customDomain),
  concurrencyConfig: z.optional(ConcurrencyInput),
  triggers: z.optional(list(z.unknown(), "a list of triggers")),
});

export type FunctionPropsValue = z.infer<typeof FunctionProps>;
