/** All checks, in the order in which they are made: cheap ones first, and each role is borrowed once. */
import type { Check } from "../finding.ts";
import type { Context } from "../context.ts";
import { ACCOUNT_CHECKS } from "./account.ts";
import { BUCKET_CHECKS, OBJECT_CHECKS } from "./bucket.ts";
import { PROBE_CHECKS } from "./probe.ts";
import { partsOf } from "../../policies.ts";
import { DOCUMENT_CHECKS } from "./documents.ts";
import { EVENT_CHECKS, LONG_CHECKS } from "./events.ts";
import { FUNCTION_CHECKS } from "./functions.ts";
import { MACHINE_CHECKS } from "./machines.ts";
import { roleChecks } from "./roles.ts";
import { UPLOAD_CHECKS } from "./uploads.ts";
import { WEB_CHECKS } from "./web.ts";

export const CHECKS: readonly Check<Context>[] = [
  ...ACCOUNT_CHECKS,
  ...FUNCTION_CHECKS,
  ...BUCKET_CHECKS,
  ...PROBE_CHECKS,
  ...OBJECT_CHECKS,
  ...EVENT_CHECKS,
  ...UPLOAD_CHECKS,
  ...roleChecks(partsOf()),
  ...DOCUMENT_CHECKS,
  ...MACHINE_CHECKS,
  ...WEB_CHECKS,
  ...LONG_CHECKS,
];
