/** A Function Compute that does not do what Kiln relies on. */
import { CloudFault, type Policy } from "../../cloud/index.ts";
import type { Hospital } from "../doctor.ts";
import { deployWith } from "../deployer.ts";
import type { Variables } from "../shell.ts";
import { fault, type Breakage, type Undo } from "./breakage.ts";

const DEPLOYER: Policy = {
  Version: "1",
  Statement: [
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: "ram:PassRole", Resource: "acs:ram:*:*:role/kiln-cn-hangzhou-oss-events" },
  ],
};

let key: () => Variables = () => ({});

/** As an account answers whose policy of the bucket or of the organisation denies something to all. */
export const deniedListing = ({ cloud }: Hospital): Undo =>
  cloud.faults.add({
    product: "oss",
    action: "ListObjects",
    kind: "before",
    fault: new CloudFault(403, "AccessDenied", "Access denied by bucket policy."),
  });

export const EVENT_BREAKAGES: readonly Breakage[] = [
  {
    check: "probe",
    says: /^oss:ListObjects is refused to the probe: 403 AccessDenied .*: Access denied by bucket policy\./,
    breaks: deniedListing,
  },
  {
    check: "runtime",
    says: /the context lacks credentials/,
    breaks: ({ api, cloud }) =>
      cloud.faults.interleave({
        product: "fc",
        action: "InvokeFunction",
        when: ({ functionName = "" }, n) => functionName === "kiln-probe" && n === 1,
        before: async () => {
          await api.fc("PUT", "/functions/kiln-probe", {}, { role: "" });
        },
      }),
  },
  {
    check: "signature",
    says: /^fc is refused: .*: Broken: /,
    breaks: fault(
      "fc",
      "InvokeFunction",
      ({ invocationType, signature }) => invocationType === "Async" && signature === "FC",
    ),
    examination: { env: { KILN_FC_SIGNATURE: "fc" } },
  },
  {
    check: "signature",
    says: /^acs3 is refused: .*: Broken: .*This is broken/,
    breaks: fault(
      "fc",
      "InvokeFunction",
      ({ invocationType, signature }) => invocationType === "Async" && signature === "ACS3",
    ),
  },
  {
    check: "delay",
    says: /arrives long before its delay is over/,
    breaks: ({ cloud }) => {
      cloud.fc.configure({ delayFactor: 0 });
      return () => cloud.fc.configure({ delayFactor: 1 });
    },
  },
  {
    check: "duplicate",
    says: /used before is accepted/,
    breaks: ({ cloud }) => {
      cloud.fc.configure({ taskIds: { rememberedMs: 0 } });
      return () => cloud.fc.configure({ taskIds: {} });
    },
  },
  {
    check: "payload",
    says: /none arrive/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.length > 60_000),
  },
  {
    check: "http-event",
    says: /a request is answered 502/,
    breaks: ({ cloud }) =>
      cloud.fc.crash({ function: "kiln-probe", when: (payload) => payload.startsWith('{"version"') }),
  },
  {
    check: "payload-limit",
    says: /of an event of 131072 bytes none arrive/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.length > 130_000),
  },
  {
    check: "sockets",
    says: /403 Broken/,
    // The first one is before the rest.
    breaks: fault("oss", "GetObject", ({ key = "" }, n) => key.endsWith("/none") && n > 0),
  },
  {
    check: "long-delay",
    says: /a delay of 3500 s arrives after 17\d\d s/,
    breaks: ({ cloud }) => {
      cloud.fc.configure({ delayFactor: 0.5 });
      return () => cloud.fc.configure({ delayFactor: 1 });
    },
    examination: { wait: true },
  },
  {
    check: "upload-event",
    says: /no event of an upload arrives/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.includes("ObjectCreated")),
  },
  {
    check: "dead-letter",
    says: /does not reach its failure destination/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.includes("requestContext")),
  },
  {
    check: "timer",
    says: /does not fire/,
    breaks: ({ cloud }) => cloud.fc.lose(({ payload }) => payload.includes("triggerName")),
  },
  {
    check: "pass-role",
    says: /has no ram:PassRole on .*oss-events/,
    breaks: async (hospital) => {
      key = await deployWith(hospital, DEPLOYER);
      return () => {};
    },
    examination: () => ({ env: key() }),
  },
];
