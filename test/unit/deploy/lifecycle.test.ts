/** Rules of a user on the bucket of a deployment: only those that take logs too early are harmful. */
import { test } from "vitest";
import { harmfulRules } from "../../../deploy/bucket.ts";

const rule = (action: string, { prefix = "", status = "Enabled", before = "" } = {}) =>
  `<ID>theirs</ID>${before}<Prefix>${prefix}</Prefix><Status>${status}</Status>${action}`;

const EARLY = "<Expiration><Days>7</Days></Expiration>";

test.for([
  rule(EARLY),
  rule(EARLY, { prefix: "runs/web" }),
  rule(EARLY, { before: "<Filter><Not><Prefix>scratch/</Prefix></Not></Filter>" }),
  rule("<Expiration><Date>2026-01-01T00:00:00.000Z</Date></Expiration>"),
  rule("<Expiration><CreatedBeforeDate>2026-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration>"),
  rule(
    "<Expiration><Days>90</Days></Expiration><Transition><Days>10</Days><StorageClass>IA</StorageClass></Transition>",
  ),
  rule("<AbortMultipartUpload><Days>60</Days></AbortMultipartUpload><Expiration><Days>1</Days></Expiration>"),
])("%s is harmful", (one, { expect }) => {
  expect(harmfulRules([one])).toEqual(["theirs"]);
});

test.for([
  rule("<AbortMultipartUpload><Days>7</Days></AbortMultipartUpload>"),
  rule("<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload><Expiration><Days>90</Days></Expiration>"),
  rule("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"),
  rule("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"),
  rule(EARLY, { prefix: "scratch/" }),
  rule(EARLY, { status: "Disabled" }),
  rule("<Expiration><Days>30</Days></Expiration>"),
])("%s takes no log", (one, { expect }) => {
  expect(harmfulRules([one])).toEqual([]);
});
