/**
 * Checks recipes and fleets when they are put into the bucket, and writes what the webhook needs to know of them
 * (shared/document-index.ts). The uploads of recipes come from bake-image: two triggers of a bucket cannot share a prefix.
 */
import { host } from "../../shared/workflow/host.ts";
import { report } from "./report.ts";
import { checkDocuments } from "./start.ts";

export const handler = host({ name: "check-documents", workflows: [report], start: checkDocuments });
