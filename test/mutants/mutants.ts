/**
 * Planted faults, each of which a test must catch. A fault is one edit of one file; `npm run mutants` makes them one
 * by one in a copy and runs the tests that are named here.
 */

export interface Mutant {
  /** What is broken. */
  readonly name: string;
  /** The promise of DESIGN.md that it breaks. */
  readonly promise: `K${number}`;
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test files that catch it; none for a fault that is planted in a simulation. */
  readonly tests: readonly string[];
  /** A fault that only a whole simulation shows: nothing is done wrong, but nothing good happens. */
  readonly simulated?: true;
}

const UNIT = "test/unit/functions";

export const MUTANTS: readonly Mutant[] = [
  {
    name: "runs that failed are left out of their index",
    promise: "K8",
    file: "shared/workflow/run-index.ts",
    find: '...(ended.state === "done" ? [] : [INDEX.failed]),',
    replace: "",
    tests: ["test/flow/run-index.test.ts"],
  },
  {
    name: "the check of the index keeps two ends of one run",
    promise: "K8",
    file: "functions/janitor/index/check-index.ts",
    find: "for (const run of twice) entries.delete(run);",
    replace: "",
    tests: ["test/flow/run-index.test.ts"],
  },
  {
    name: "the check of the index keeps entries of runs without a log",
    promise: "K8",
    file: "functions/janitor/index/check-index.ts",
    find: "const deleted = [...keys].filter((key) => !kept.has(key));",
    replace: "const deleted: string[] = [];",
    tests: ["test/flow/run-index.test.ts"],
  },
  {
    name: "the API stores a document over one that has changed since",
    promise: "K2",
    file: "functions/api/documents/change.ts",
    find: "if (unmet !== undefined) return answer(412,",
    replace: 'if (unmet === "") return answer(412,',
    tests: ["test/flow/api-documents.test.ts"],
  },
  {
    name: "the API stores a document that is not valid",
    promise: "K9",
    file: "functions/api/documents/change.ts",
    find: "if (problems.length > 0) return answer(422,",
    replace: "if (problems.length > 999) return answer(422,",
    tests: ["test/flow/api-documents.test.ts"],
  },
  {
    name: "two changes of a document are made at once",
    promise: "K3",
    file: "functions/api/documents/lock.ts",
    find: 'if (taken.kind === "lost") return answer(409, { error: BUSY });',
    replace: "",
    tests: ["test/flow/api-documents.test.ts"],
  },
  {
    name: "a change of a document that is sent again is made again",
    promise: "K2",
    file: "functions/api/documents/lock.ts",
    find: "if (given !== undefined) return answer(given.statusCode,",
    replace: "if (given?.statusCode === 0) return answer(given.statusCode,",
    tests: ["test/flow/api-documents.test.ts"],
  },
  {
    name: "the webhook refuses by an index of an earlier content",
    promise: "K9",
    file: "functions/webhook/documents.ts",
    find: "const isCurrent = index?.key === now.key && index.etag === now.etag;",
    replace: "const isCurrent = true;",
    tests: ["test/flow/document-index.test.ts"],
  },
  {
    name: "the webhook refuses the repeat of a request that it accepted",
    promise: "K8",
    file: "functions/webhook/documents.ts",
    find: "if (found === undefined || (await readRunLog(cloud, request.run)).lines.length > 0) return undefined;",
    replace: "if (found === undefined) return undefined;",
    tests: ["test/flow/document-index.test.ts"],
  },
  {
    name: "the index of a document is not looked at again after it is written",
    promise: "K9",
    file: "functions/janitor/documents/index-document.ts",
    find: "const LOOKS = 3;",
    replace: "const LOOKS = 1;",
    tests: ["test/flow/document-index.test.ts"],
  },
  {
    name: "after a reboot the agent counts as online before its next heartbeat",
    promise: "K8",
    file: "shared/ephemeral-instance/command.ts",
    find: "agentsOnline(cloud, [instanceId], downAt)",
    replace: "agentsOnline(cloud, [instanceId])",
    tests: ["test/flow/bake.test.ts"],
  },
  {
    name: "a launch that is refused with a code of no table ends",
    promise: "K8",
    file: "shared/cloud/retry.ts",
    find: 'if (isLaunch(action)) return { kind: "change", hint: UNLISTED_LAUNCH, unlisted: true };',
    replace: "",
    tests: ["test/proofs/disks.test.ts"],
  },
  {
    name: "a dry run that a policy denies counts as a refusal of the launch",
    promise: "K12",
    file: "shared/cloud/ecs/dry-run.ts",
    find: 'DENIED.test(error.code) ? "unknown" : "no"',
    replace: '"no"',
    tests: ["test/proofs/dry-run.test.ts"],
  },
  {
    name: "a price ceiling does not count the provisioned IOPS of a disk",
    promise: "K6",
    file: "shared/limits/price.ts",
    find: "...(ProvisionedIops && { ProvisionedIops }),",
    replace: "",
    tests: ["test/flow/limits.test.ts"],
  },
  {
    name: "the next launch call of a run has the token of the first one",
    promise: "K2",
    file: "functions/scale-out/scale-out/launch.ts",
    find: "clientToken(run, input.document.via, progress.callIndex, params)",
    replace: "clientToken(run, input.document.via, 0, params)",
    tests: ["test/flow/scale-out.test.ts"],
  },
  {
    name: "a lock is given to every run that asks",
    promise: "K3",
    file: "shared/workflow/lock.ts",
    find: "if (holder !== undefined) return holder;",
    replace: "",
    tests: ["test/flow/lock.test.ts"],
  },
  {
    // Instead of a put that anyone may repeat: an append that does not insist on its position.
    name: "a line is appended wherever the log ends by now",
    promise: "K3",
    file: "shared/cloud/oss/append.ts",
    find: "return answer.status === 200;",
    replace: `const end = answer.headers["x-oss-next-append-position"];
  if (answer.status !== 200 && end !== undefined) return appendObject(client, key, Number(end), text);
  return answer.status === 200;`,
    tests: ["test/flow/log.test.ts"],
  },
  {
    name: "retention keeps the old images and deletes the young ones",
    promise: "K11",
    file: "functions/promote-family/retention/decide.ts",
    find: "if (now - createdAt < youngerThanMs)",
    replace: "if (now - createdAt >= youngerThanMs)",
    tests: [`${UNIT}/promote-family/retention/decide.test.ts`],
  },
  {
    name: "an image is deleted without a second look at what needs it",
    promise: "K11",
    file: "functions/promote-family/retention/workflow.ts",
    find: `if (again?.action !== "delete")`,
    replace: "if (again === undefined)",
    tests: ["test/proofs/retention.test.ts"],
  },
  {
    name: "a phase waits beyond its limit",
    promise: "K8",
    file: "shared/workflow/workflow.ts",
    find: "if (waitedMs + outcome.afterMs <= phase.limitMs) return outcome;",
    replace: "if (waitedMs >= 0) return outcome;",
    tests: ["test/unit/workflow/workflow.test.ts"],
  },
  {
    name: "a refused phase fails without its compensation",
    promise: "K4",
    file: "shared/workflow/workflow.ts",
    find: `if (error.kind !== "wait") return phase.compensate(event, error.message);`,
    replace: `if (error.kind !== "wait") return failed(error.message);`,
    tests: ["test/unit/workflow/workflow.test.ts"],
  },
  {
    name: "a phase that is over its limit fails without its compensation",
    promise: "K4",
    file: "shared/workflow/workflow.ts",
    find: "return phase.compensate(event, `${tooLate(event, waitedMs)}: ${outcome.note}`);",
    replace: "return failed(`${tooLate(event, waitedMs)}: ${outcome.note}`);",
    tests: ["test/unit/workflow/workflow.test.ts"],
  },
  {
    name: "keepRunning is ignored when stops are planned",
    promise: "K7",
    file: "functions/stop-idle/idle-check/limits.ts",
    find: "Math.max(0, running - policy.keepRunning)",
    replace: "Math.max(0, running)",
    tests: [`${UNIT}/stop-idle/idle-check/decide.test.ts`],
  },
  {
    name: "keepRunning is ignored when members are stopped",
    promise: "K7",
    file: "functions/stop-idle/idle-check/stop.ts",
    find: "return Math.max(0, running - policy.keepRunning);",
    replace: "return Math.max(0, running);",
    tests: ["test/flow/stop-idle-risks.test.ts"],
  },
  {
    name: "a gap in metrics counts as idleness",
    promise: "K7",
    file: "functions/stop-idle/idle-check/decide.ts",
    find: `if (!isCovered(measured, span.coverage)) return { numbers, doubt: { ...measured, why: "gap" } };`,
    replace: "",
    tests: [`${UNIT}/stop-idle/idle-check/decide.test.ts`],
  },
  {
    // Two tags and the log guard the order of test and join, so the fault is in what they rest on: the verdict.
    name: "an image joins its family although its test failed",
    promise: "K5",
    file: "functions/promote-family/promotion/image-test.ts",
    find: "next(Release, { verdict: { ok: false, reason }, ...(instanceId",
    replace: "next(Release, { verdict: { ok: true, note: reason }, ...(instanceId",
    tests: ["test/flow/promotion.test.ts"],
  },
  {
    name: "a fleet may have one member more than its max",
    promise: "K6",
    file: "shared/limits/reservation.ts",
    find: "headroom: max - used - starting.length,",
    replace: "headroom: max + 1 - used - starting.length,",
    tests: ["test/unit/shared/limits/reservation.test.ts"],
  },
  {
    name: "a rollback deprecates the newest image first",
    promise: "K5",
    file: "functions/promote-family/rollback/decide.ts",
    find: "places.push(...supersedingImages(own, members).map(",
    replace: "places.push(...supersedingImages(own, members).toReversed().map(",
    tests: [`${UNIT}/promote-family/rollback/decide.test.ts`],
  },
  {
    name: "signed links never expire",
    promise: "K9",
    file: "shared/signed-link.ts",
    find: `if (now >= expiresAt) return { ok: false, why: "expired" };`,
    replace: "",
    tests: ["test/unit/shared/signed-link.test.ts"],
  },
  {
    name: "a cancelled run goes on",
    promise: "K8",
    file: "shared/workflow/host.ts",
    find: "if (cancelled !== undefined && !cancelled.handled)",
    replace: "if (cancelled !== undefined && cancelled.reason === delivered.run)",
    tests: ["test/proofs/cancel.test.ts"],
  },
  {
    // Instead of an abandonment that follows its run: a line from outside that loses to a step.
    name: "a cancellation that a step was faster than is not tried again",
    promise: "K8",
    file: "shared/workflow/cancel.ts",
    find: "if (attempt === TRIES) throw",
    replace: "if (attempt <= TRIES) throw",
    tests: ["test/proofs/cancel.test.ts"],
  },
  {
    name: "a late event acts without a look into the log",
    promise: "K3",
    file: "shared/workflow/host.ts",
    find: "if (mayBeCancelled || ports.clock.now() - delivered.runAt >= ABANDONED_MS) {",
    replace: "if (mayBeCancelled) {",
    tests: ["test/proofs/duplicates.test.ts"],
  },
  {
    name: "an early event acts at once",
    promise: "K3",
    file: "shared/workflow/host.ts",
    find: "if (earlyMs <= EARLY_MS) return current;",
    replace: "if (earlyMs <= AHEAD_MAX_MS) return current;",
    tests: ["test/proofs/duplicates.test.ts"],
  },
  {
    name: "builders and test instances have no AutoReleaseTime",
    promise: "K4",
    file: "shared/ephemeral-instance/spec.ts",
    find: "AutoReleaseTime: new Date(releaseAt)",
    replace: "AutoReleaseTime: releaseAt > 0 ? undefined : new Date(releaseAt)",
    tests: ["test/flow/bake.test.ts"],
  },
  {
    name: "an instance with a foreign image counts",
    promise: "K6",
    file: "functions/scale-out/scale-out/verify.ts",
    find: "const wrong = isWakePage(name) ? [] :",
    replace: "const wrong = name !== undefined ? [] :",
    tests: ["test/flow/scale-out.test.ts"],
  },
  {
    name: "an image is made inside its family",
    promise: "K5",
    file: "functions/bake-image/bake/image.ts",
    find: "name: plan.imageName,\n    version: image.version,",
    replace: "name: plan.imageName,\n    family: document.family,\n    version: image.version,",
    tests: ["test/flow/promotion.test.ts"],
  },
  {
    name: "perHour counts the last minutes only",
    promise: "K6",
    file: "shared/limits/reservation.ts",
    find: "[since(hours(1)), since(days(1))]",
    replace: "[since(hours(0.05)), since(days(1))]",
    tests: ["test/flow/limits.test.ts"],
  },
  {
    name: "a member that is opted out is woken",
    promise: "K6",
    file: "functions/scale-out/scale-out/reserve.ts",
    find: "optedOutUntil(instance, idle.optOutTag, now) === undefined)",
    replace: "optedOutUntil(instance, idle.optOutTag, now) !== 0)",
    tests: ["test/proofs/wake.test.ts"],
  },
  {
    name: "a route without a star covers every path it begins",
    promise: "K9",
    file: "shared/http/verify.ts",
    find: `if (isOpen ? given.length < parts.length : given.length !== parts.length) return false;`,
    replace: `if (given.length < parts.length) return false;`,
    tests: ["test/unit/shared/http/verify.test.ts"],
  },
  {
    name: "a reservation is closed as if nothing had been launched",
    promise: "K6",
    file: "functions/scale-out/scale-out/finish.ts",
    find: "launched: Math.max(launched.length, progress.launched) };",
    replace: "launched: 0 };",
    tests: ["test/flow/limits.test.ts"],
  },
  {
    name: "members are stopped without a tag",
    promise: "K7",
    file: "functions/stop-idle/idle-check/stop.ts",
    find: "const untagged = await tagEach(cloud, ids, tags);",
    replace: "const untagged = await tagEach(cloud, [], tags);",
    tests: ["test/proofs/stop-idle-last-look.test.ts"],
  },
  {
    name: "a builder is not generalized before its image is made",
    promise: "K5",
    file: "functions/bake-image/bake/builder.ts",
    find: "    generalizeStep(document),\n",
    replace: "",
    tests: ["test/flow/promotion.test.ts"],
  },
  {
    name: "the members of a fleet are read before its reservations",
    promise: "K6",
    file: "functions/scale-out/scale-out/reserve.ts",
    find: `return async (reservations: Reservations): Promise<Reservation> => {
    const now = clock.now();
    const instances = await countedMembers(cloud, fleet);`,
    replace: `const instances = await countedMembers(cloud, fleet);
  return async (reservations: Reservations): Promise<Reservation> => {
    const now = clock.now();`,
    tests: ["test/flow/limits.test.ts"],
  },
  {
    name: "notifications of an end go out before its line is in the log",
    promise: "K3",
    file: "shared/workflow/host.ts",
    find: "const appended = await append(ports, runKey(delivered.run), delivered.position, line);",
    replace: `const { completion } = outcome;
  const early = completion && (await current.workflow.onComplete?.(current.event, completion, ports));
  for (const each of early?.notifications ?? []) await send(each, ports);
  const appended = await append(ports, runKey(delivered.run), delivered.position, line);`,
    tests: ["test/proofs/notify.test.ts"],
  },
  {
    name: "a second answer to an approval overrules the first",
    promise: "K9",
    file: "functions/webhook/approval.ts",
    find: "completion !== undefined || answerIn(log) !== undefined || !isAsked(event)",
    replace: "completion !== undefined || !isAsked(event)",
    tests: ["test/proofs/notify.test.ts"],
  },
  {
    // The record is the log by now, which only the winner can write; a loser can still send.
    name: "an attempt that lost sends its next event",
    promise: "K3",
    file: "shared/workflow/host.ts",
    find: `if (appended.kind !== "won")
    return { attempted: outcome.summary, ...(await undecided(current, appended, ports)) };
  await proceed(current, { ...outcome, position: appended.end, at }, ports);`,
    replace: `if (appended.kind === "unknown")
    return { attempted: outcome.summary, ...(await undecided(current, appended, ports)) };
  const position =
    appended.kind === "won" ? appended.end : (await readRunLog(ports.cloud, delivered.run)).end;
  await proceed(current, { ...outcome, position, at }, ports);`,
    tests: ["test/proofs/duplicates.test.ts"],
  },
  {
    name: "a cancelled run compensates before its last step is over",
    promise: "K4",
    file: "shared/workflow/cancel.ts",
    find: "due: lastAt + STEP_MS,",
    replace: "due: Math.min(at, lastAt),",
    tests: ["test/flow/run-log.test.ts"],
  },
  {
    name: "a signature is compared by its first eight digits",
    promise: "K9",
    file: "shared/http/verify.ts",
    find: `const matches = isOneOf(expected, header("signature"));`,
    replace: `const start = (text: string) => text.slice(0, "v1=".length + 8);
  const matches = isOneOf(expected.map(start), start(header("signature")));`,
    tests: ["test/unit/shared/http/verify.test.ts"],
  },
  {
    name: "a member is stopped without a second look at its metrics",
    promise: "K7",
    file: "functions/stop-idle/idle-check/stop.ts",
    find: `const idle = verdicts.filter(({ act }) => act === "stop").map(({ id }) => id);`,
    replace: "const idle = found.running.map(({ id }) => id);",
    tests: ["test/proofs/stop-idle-last-look.test.ts"],
  },
  {
    name: "a promotion ends before its family answers with the image",
    promise: "K5",
    file: "functions/promote-family/promotion/join.ts",
    find: "if (waitsFor !== undefined) return poll(event, clock, PACE.family, waitsFor);",
    replace: "if (waitsFor === family) return poll(event, clock, PACE.family, waitsFor);",
    tests: ["test/proofs/regions.test.ts"],
  },
  {
    // Of a builder that is stopping the cloud makes no image, so the fault is one step earlier.
    name: "an image is made of a builder that still runs",
    promise: "K5",
    file: "functions/bake-image/bake/image.ts",
    find: `if (instance.status === "Stopped") return next(Capture,`,
    replace: `if (instance.status !== "Pending") return next(Capture,`,
    tests: ["test/flow/bake.test.ts"],
  },
  {
    name: "an image that is available but not usable counts as ready",
    promise: "K5",
    file: "functions/bake-image/bake/image.ts",
    find: `if (status === "Available" && usable)`,
    replace: `if (status === "Available" && usable !== undefined)`,
    tests: ["test/flow/bake.test.ts"],
  },
  {
    name: "an instance whose launch was not answered is not released",
    promise: "K4",
    file: "shared/ephemeral-instance/release.ts",
    find: "const left = known.value ?? tagged[0];",
    replace: "const left = known.value;",
    tests: ["test/flow/janitor.test.ts"],
  },
  {
    name: "a reservation is closed although an instance is not listed yet",
    promise: "K6",
    file: "functions/scale-out/scale-out/finish.ts",
    find: "const unseen = unlisted.length + (await",
    replace: "const unseen = Math.min(0, unlisted.length) + (await",
    tests: ["test/flow/limits.test.ts"],
  },
  {
    name: "the cleanup releases an instance that was launched a moment ago",
    promise: "K4",
    file: "functions/janitor/cleanup/decide.ts",
    find: "if (now - createdAt < YOUNG_MS)",
    replace: "if (now < createdAt)",
    tests: [`${UNIT}/janitor/cleanup/decide.test.ts`],
  },
  {
    name: "the resend timer sends the event of every run at work",
    promise: "K3",
    file: "functions/janitor/resend/resend.ts",
    find: "if (now === undefined || at - Math.max(now.event.runAt, now.at) < OVERDUE_MS) return false;",
    replace: "if (now === undefined) return false;",
    tests: ["test/flow/run-log.test.ts"],
  },
  {
    name: "a link to keep an instance keeps it for a year",
    promise: "K7",
    file: "functions/webhook/keep.ts",
    find: "const KEPT_MS = days(1);",
    replace: "const KEPT_MS = days(365);",
    tests: ["test/flow/notice.test.ts"],
  },
  {
    name: "every bake fails",
    promise: "K8",
    file: "functions/bake-image/bake/lock.ts",
    find: "if (holder === undefined) return next(Plan, {}, { input: { ...event.input, document } });",
    replace: `if (holder === undefined) return failed("a planted fault");`,
    tests: [],
    simulated: true,
  },
  {
    name: "every launch is short by one",
    promise: "K6",
    file: "functions/scale-out/scale-out/reserve.ts",
    find: "left: event.progress.left + launching }",
    replace: "left: event.progress.left + launching - 1 }",
    tests: [],
    simulated: true,
  },
  {
    name: "no idle instance is ever stopped",
    promise: "K7",
    file: "functions/stop-idle/idle-check/stop.ts",
    find: "const stops = idle.slice(0, spare);",
    replace: "const stops = idle.slice(0, 0);",
    tests: [],
    simulated: true,
  },
  {
    name: "the cleanup does nothing",
    promise: "K4",
    file: "functions/janitor/cleanup/cleanup.ts",
    find: "for (const item of dryRun ? [] : items) {",
    replace: "for (const item of items.slice(0, 0)) {",
    tests: [],
    simulated: true,
  },
  {
    name: "notifications are never sent",
    promise: "K8",
    file: "shared/workflow/host.ts",
    find: "for (const each of notifications) await send(each, ports);",
    replace: "for (const each of notifications.slice(0, 0)) await send(each, ports);",
    tests: [],
    simulated: true,
  },
  {
    name: "the resend timer does nothing",
    promise: "K8",
    file: "functions/janitor/resend/resend.ts",
    find: "for (const object of await listObjects(ports.cloud, FOLDER.open)) {",
    replace: "for (const object of (await listObjects(ports.cloud, FOLDER.open)).slice(0, 0)) {",
    tests: [],
    simulated: true,
  },
  {
    name: "a family has the same name in every stage",
    promise: "K13",
    file: "shared/stage.ts",
    find: "? family : prefix + family",
    replace: "? family : family",
    tests: ["test/proofs/identity.test.ts"],
  },
  {
    name: "an image joins the family of another deployment",
    promise: "K13",
    file: "functions/promote-family/promotion/input.ts",
    find: "return theirs === undefined ?",
    replace: "return theirs !== null ?",
    tests: ["test/proofs/identity.test.ts"],
  },
  {
    name: "functions of another deployment are updated",
    promise: "K13",
    file: "deploy/manifest.ts",
    find: "bucketIn(one) !== bucket &&",
    replace: "bucketIn(one) === null &&",
    tests: ["test/proofs/deploy.test.ts"],
  },
  {
    name: "task ids are the same in every stage",
    promise: "K13",
    file: "shared/cloud/fc/invoke.ts",
    find: 'stage === "" ? taskId : `${taskId}-${stage}`',
    replace: 'stage === "" ? taskId : taskId',
    tests: ["test/proofs/same-instant.test.ts"],
  },
  {
    name: "undeploy takes the routes of another deployment off a domain",
    promise: "K13",
    file: "deploy/domains.ts",
    find: "!names.includes(functionName)",
    replace: 'functionName === ""',
    tests: ["test/proofs/deploy.test.ts"],
  },
  {
    name: "setup takes a bucket that encrypts with a key of the customer",
    promise: "K8",
    file: "deploy/bucket.ts",
    find: "    await keyProblem(client),\n",
    replace: "",
    tests: ["test/proofs/setup.test.ts"],
  },
  {
    name: "a refused signature is not repeated with the other one",
    promise: "K8",
    file: "shared/cloud/fc/signature.ts",
    find: "if (!mayBeUnsigned(error)) throw error;",
    replace: "if (!mayBeUnsigned(error) || used !== undefined) throw error;",
    tests: ["test/flow/client-layer-delivery.test.ts"],
  },
  {
    name: "an approval is asked for with a link that a browser downloads",
    promise: "K8",
    file: "shared/webhook-address.ts",
    find: "showsPages: !GIVEN.test(hostname) &&",
    replace: 'showsPages: hostname !== "" &&',
    tests: [`${UNIT}/notifier/channels.test.ts`],
  },
  {
    name: "the undo of a promotion leaves its copies",
    promise: "K5",
    file: "functions/promote-family/promotion/undo.ts",
    find: "[restoreNewer, leaveFamily, unshare, removeCopies] : [removeCopies];",
    replace: "[restoreNewer, leaveFamily, unshare] : [];",
    tests: [],
    simulated: true,
  },
  {
    name: "the undo of a promotion leaves its image in the family",
    promise: "K5",
    file: "functions/promote-family/promotion/undo.ts",
    find: "[restoreNewer, leaveFamily, unshare, removeCopies] : [removeCopies];",
    replace: "[restoreNewer, unshare, removeCopies] : [removeCopies];",
    tests: [],
    simulated: true,
  },
  {
    name: "the undo of a promotion leaves its image shared",
    promise: "K5",
    file: "functions/promote-family/promotion/undo.ts",
    find: "[restoreNewer, leaveFamily, unshare, removeCopies] : [removeCopies];",
    replace: "[restoreNewer, leaveFamily, removeCopies] : [removeCopies];",
    tests: [],
    simulated: true,
  },
];

/** Faults that change nothing, and why. They are not planted. */
export const EQUIVALENT: readonly { readonly name: string; readonly why: string }[] = [
  {
    name: "the token of an ephemeral instance does not count its offerings",
    why: "two offerings differ in type, vSwitch or payment, and the parameters are in the token",
  },
  {
    name: "an image is made while its builder is stopping",
    why: "the cloud refuses it (400 IncorrectInstanceStatus), and the phase tries again until it has stopped",
  },
  {
    name: "a bake does not release its lock",
    why: "a lock is stale as soon as the log of its holder has an end (LOCK-2), a line later",
  },
];

/** `source` with the fault in it. @throws Error when its place is not found, or found more than once. */
export function plant({ name, file, find, replace }: Mutant, source: string): string {
  const [before = "", after, ...more] = source.split(find);
  if (after !== undefined && more.length === 0) return `${before}${replace}${after}`;
  const times = after === undefined ? "does not occur" : `occurs ${more.length + 1} times`;
  throw new Error(
    `"${name}" has no place: its text ${times} in ${file}; correct it in test/mutants/mutants.ts`,
  );
}
