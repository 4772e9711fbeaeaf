/** Uploads: whether OSS may report them to functions, and the event that arrives. */
import { minutes } from "../../../shared/duration.ts";
import { OssEvent } from "../../../shared/triggers.ts";
import { ApiError } from "../../api.ts";
import { deleteTrigger } from "../../functions.ts";
import { roleNameOf } from "../../names.ts";
import { ok, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";
import { PROBE_NEEDS } from "./probe.ts";
import { ODD_KEY } from "./bucket.ts";

const TRIGGER = "uploads";

/** Makes a trigger for uploads below `folder`, by which OSS has the role of a part. @throws ApiError */
async function addTrigger(context: Context, folder: string, part: string): Promise<void> {
  const { api, settings } = context;
  const { account, region, bucket } = settings.place;
  const config = {
    events: ["oss:ObjectCreated:PutObject"],
    filter: { key: { prefix: folder, suffix: "" } },
  };
  await api.fc(
    "POST",
    `/functions/${(await context.probe()).name}/triggers`,
    {},
    {
      triggerName: TRIGGER,
      triggerType: "oss",
      sourceArn: `acs:oss:${region}:${account}:${bucket}`,
      invocationRole: `acs:ram::${account}:role/${roleNameOf(settings.place, part)}`,
      triggerConfig: JSON.stringify(config),
    },
  );
}

/** Whether the key that deploys may pass the role by which OSS reports uploads. */
async function passRole(context: Context): Promise<Finding> {
  const probe = await context.probe();
  try {
    await addTrigger(context, `${probe.folder}none/`, "oss-events");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const todo =
      "give the key that deploys what README, “Deploy”, lists: ram:PassRole, and rules of the bucket";
    return wrong(`a trigger for uploads cannot be made: ${error.message}`, todo);
  }
  await deleteTrigger(context.api, probe.name, TRIGGER);
  const name = roleNameOf(context.settings.place, "oss-events");
  return ok(`a trigger for uploads can be made, and ${name} be passed to it`);
}

/** The event of an upload, as bake-image reads it, with a key that programs encode in different ways. */
async function uploadEvent(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const folder = `${probe.folder}uploads/`;
  const key = `${folder}${ODD_KEY}`;
  // The role of the other triggers may invoke bake-image only.
  await addTrigger(context, folder, "probe");
  let written = 0;
  // A new rule of the bucket may take minutes to count.
  const [arrival] = await repeatedly(async () => {
    await probe.reply({
      kind: "bucket",
      action: "PutObject",
      method: "PUT",
      key,
      headers: { "content-type": "text/plain" },
      body: `doctor ${++written}`,
    });
    return probe.arrivals("upload", 1, minutes(1));
  });
  await deleteTrigger(context.api, probe.name, TRIGGER);
  await probe.keep("upload", arrival ?? "none");
  if (arrival === undefined)
    return wrong(
      `no event of an upload arrives in ${TRIES} minutes`,
      "look at the role of the trigger and at the bucket's event notifications, then run npm run deploy",
    );
  const read = OssEvent.safeParse(arrival.payload);
  const [event] = read.success ? read.data.events : [];
  const todo = "report it: Kiln reads eventTime, oss.object and responseElements, with the key as it is";
  if (event === undefined) return wrong(`an upload's event is ${JSON.stringify(arrival.payload)}`, todo);
  return event.oss.object.key === key
    ? ok(`an upload's event arrives, written ${written} times, with the key as it is`)
    : wrong(`an upload of ${key} is reported with the key ${event.oss.object.key}`, todo);
}

const TRIES = 5;

async function repeatedly<T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> {
  let found: readonly T[] = [];
  for (let tries = 0; tries < TRIES && found.length === 0; tries++) found = await look();
  return found;
}

const NEEDS = PROBE_NEEDS;

export const UPLOAD_CHECKS: readonly Check<Context>[] = [
  { name: "pass-role", needs: NEEDS, run: passRole },
  { name: "upload-event", needs: [...NEEDS, "pass-role"], run: uploadEvent },
];
