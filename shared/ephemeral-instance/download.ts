/**
 * Objects of the bucket that an instance downloads by itself: files of a recipe, and scripts that are too long for a
 * command. Pure.
 *
 * DOWNLOAD-1. The instance gets a signed URL of one object, which is good for some minutes and is known as a secret.
 * DOWNLOAD-2. A file appears at its place whole, with its mode and owner, or not at all. So a download that is sent
 *     twice, each time with another URL, does no harm; a long script is downloaded by one command and run by another.
 * DOWNLOAD-3. It gets the content that was looked at when the command was made, or none: an object may be replaced then.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/getobject
 */
import { minutes } from "../duration.ts";
import { inQuotes } from "./command-script.ts";
import type { CommandStep, FileStep } from "../documents/recipe-steps.ts";

/** A command reaches its instance within a minute, and a download only has to begin in time. */
export const URL_LIFE_MS = minutes(10);

/** A longer script is something else. */
export const SCRIPT_MAX_BYTES = 1024 * 1024;

const FILE_MODE = "0644";

const quoted = (text: string): string => `'${inQuotes(text)}'`;

/** One content of an object, behind a signed URL. */
export interface Signed {
  readonly url: string;
  readonly etag: string;
}

/** Shell lines that write the object behind a URL into the file "$part", and remove that file at the end. */
const fetched = ({ url, etag }: Signed): string[] => [
  `trap 'rm -f "$part"' EXIT`,
  "if command -v curl >/dev/null 2>&1",
  `then curl -fsS --retry 3 --connect-timeout 20 -H ${quoted(`If-Match: "${etag}"`)} -o "$part" ${quoted(url)}`,
  `else wget -q --header=${quoted(`If-Match: "${etag}"`)} -O "$part" ${quoted(url)}`,
  "fi",
];

/** A command that puts the object behind a URL at the place of its step. */
export function placing(
  { to, mode = FILE_MODE, owner, file: _file, ...step }: FileStep,
  object: Signed,
): CommandStep {
  const folder = to.slice(0, to.lastIndexOf("/")) || "/";
  const lines = [
    `[ ! -d ${quoted(to)} ] || { echo ${quoted(`${to} is a folder`)} >&2; exit 1; }`,
    `mkdir -p ${quoted(folder)}`,
    `part=$(mktemp ${quoted(`${folder === "/" ? "" : folder}/.kiln.XXXXXX`)})`,
    ...fetched(object),
    ...(owner === undefined ? [] : [`chown ${quoted(owner)} "$part"`]),
    `chmod ${mode} "$part"`,
    `mv -f "$part" ${quoted(to)}`,
  ];
  return { ...step, kind: "run", command: lines.join("\n"), shell: "/bin/sh -e", environment: {} };
}

/** A long script as a file of the instance. Whoever runs it owns it. */
export const scriptFile = ({ command, user, name, timeoutMs }: CommandStep, index: number): FileStep => ({
  kind: "file",
  name,
  timeoutMs,
  file: command,
  to: `/var/tmp/kiln-script-${index}`,
  mode: "0700",
  ...(user !== undefined && { owner: user }),
});

/** Runs a script file once, as Cloud Assistant would: by its first line, or by `sh`. */
export const runningFile = ({ to }: FileStep): string =>
  [
    "#!/bin/sh",
    `trap 'rm -f ${to}' EXIT`,
    String.raw`cr=$(printf '\r'); if head -n 1 ${to} | grep -q "$cr"; then sed -i "s/$cr\$//" ${to}; fi`,
    `case "$(head -c 2 ${to})" in "#!") ${to} ;; *) sh ${to} ;; esac`,
  ].join("\n");
