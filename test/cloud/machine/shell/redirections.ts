/** `>`, `<`, `2>&1`, here-documents and the like. */
import type { HereDoc, Redirect, Redirection } from "unbash";
import { isEndless, isOfKernel } from "../files.ts";
import type { Steps } from "../machine.ts";
import { partsText, textOf } from "./expand.ts";
import { ShellFault } from "./faults.ts";
import type { Shell } from "./shell.ts";
import { Input, withStream } from "./streams.ts";
import type { Stream, Streams } from "./streams.ts";

/** The streams of a command with these redirections. @throws ShellFault for a file that cannot be opened. */
export function* redirected(shell: Shell, redirections: readonly Redirection[]): Steps<Streams> {
  let { streams } = shell;
  for (const each of redirections) {
    if (each.type === "HereDoc") {
      streams = withStream(streams, descriptor(each, 0), {
        input: new Input(yield* documentOf(shell, each)),
      });
    } else if (each.type === "HereString") {
      const text = yield* textOf(shell, each.target);
      streams = withStream(streams, descriptor(each, 0), { input: new Input(`${text}\n`) });
    } else streams = yield* marked(opened(shell, streams, each));
  }
  return streams;
}

/** A command whose redirection fails ends with a code of its own. */
function* marked(streams: Steps<Streams>): Steps<Streams> {
  try {
    return yield* streams;
  } catch (error) {
    if (error instanceof ShellFault) error.isRedirection = true;
    throw error;
  }
}

function descriptor({ descriptor: given }: Redirection, usual: number): number {
  if (given === undefined) return usual;
  if (given.type === "FileDescriptor") return given.value;
  throw new ShellFault(`{${given.name}} before a redirection`, "unsupported");
}

/** The text of a here-document; one that the end of the script ends gets the end of its line. */
function* documentOf(shell: Shell, document: HereDoc): Steps<string> {
  const text = yield* bodyOf(shell, document);
  return document.closing === undefined && text !== "" && !text.endsWith("\n") ? `${text}\n` : text;
}

function* bodyOf(shell: Shell, { operator, delimiter, body }: HereDoc): Steps<string> {
  const strip = (text: string): string => (operator === "<<-" ? text.replaceAll(/^\t+/gm, "") : text);
  if (delimiter?.quoted ?? false) return strip(body.text);
  if (body.parts === undefined) return strip(body.text).replaceAll(/\\([$`\\])|\\\n/g, "$1");
  if (operator === "<<") return yield* partsText(shell, body.parts);
  const parts = body.parts.map((part, index) => {
    if (part.type !== "Literal") return part;
    const value = part.value.replaceAll(index === 0 ? /(^|\n)\t+/g : /(\n)\t+/g, "$1");
    return { ...part, value };
  });
  return yield* partsText(shell, parts);
}

function* opened(shell: Shell, streams: Streams, redirect: Redirect): Steps<Streams> {
  const { operator } = redirect;
  const target = yield* textOf(shell, redirect.target);
  const isInput = operator.startsWith("<");
  const fd = descriptor(redirect, isInput ? 0 : 1);
  if (operator === ">&" || operator === "<&") {
    if (target === "-") return withStream(streams, fd, undefined);
    if (/^\d+$/.test(target)) return withStream(streams, fd, copied(streams, Number(target)));
  }
  if (isInput) return withStream(streams, fd, { input: reading(shell, streams, target) });
  const stream = writing(shell, streams, target, operator);
  const own = withStream(streams, fd, stream);
  const isBoth = operator.startsWith("&") || operator === ">&";
  return isBoth ? withStream(own, 2, stream) : own;
}

function copied(streams: Streams, from: number): Stream {
  const stream = streams.get(from);
  if (stream === undefined) throw new ShellFault(`${from}: Bad file descriptor`, "plain");
  return stream;
}

function reading(shell: Shell, streams: Streams, target: string): Input {
  const path = shell.path(target);
  if (path === "/dev/stdin") return streams.get(0)?.input ?? new Input("");
  const text = shell.files.read(path);
  if (isEndless(path) || (text === undefined && isOfKernel(path))) {
    shell.notSimulated(`< ${target}`);
    return new Input("");
  }
  if (text === undefined) {
    const reason =
      shell.dialect === "dash"
        ? `cannot open ${target}: No such file`
        : `${target}: No such file or directory`;
    throw new ShellFault(reason, "plain");
  }
  return new Input(text);
}

function writing(shell: Shell, streams: Streams, target: string, operator: string): Stream {
  const appends = operator.endsWith(">>");
  const path = shell.path(target);
  const same = { "/dev/stdout": 1, "/dev/stderr": 2 }[path];
  if (same !== undefined) return copied(streams, same);
  const { files } = shell;
  if (files.isDirectory(path)) throw new ShellFault(`${target}: Is a directory`, "plain");
  if (shell.options.has("noclobber") && operator !== ">|" && !appends && files.isFile(path))
    throw new ShellFault(`${target}: cannot overwrite existing file`, "plain");
  if (!files.hasFolder(path))
    throw new ShellFault(
      shell.dialect === "dash"
        ? `cannot create ${target}: Directory nonexistent`
        : `${target}: No such file or directory`,
      "plain",
    );
  if (!appends || !files.isFile(path)) files.write(path, "", appends);
  return { write: (text) => files.write(path, text, true) };
}
