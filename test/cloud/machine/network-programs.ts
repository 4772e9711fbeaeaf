/** Programs that ask over the network: this machine and its metadata service answer, nothing else is simulated. */
import { complain, notSimulated, valueOf } from "./answers.ts";
import { WEB_UNITS } from "./packages.ts";
import type { Io, Program } from "./machine.ts";

const METADATA_HOST = "100.100.100.200";

export const NETWORK_PROGRAMS: Readonly<Record<string, Program>> = { curl, wget };

interface Request {
  readonly url: string | undefined;
  /** Where the body goes; undefined is the standard output. */
  readonly target: string | undefined;
  readonly format: string | undefined;
  readonly isSilent: boolean;
  readonly failsOnError: boolean;
  readonly headers: readonly string[];
}

const nameOf = (url: string | undefined): string =>
  url
    ?.replace(/[?#].*$/, "")
    .split("/")
    .at(-1) ?? "index.html";

function curl(args: readonly string[], io: Io): number {
  const url = args.find(
    (arg, index) =>
      /^(https?:\/\/|localhost|127\.|\[::1\])/.test(arg) && !/^-[oHdXew]$/.test(args[index - 1] ?? ""),
  );
  const short = args.filter((arg) => /^-[a-zA-Z]+$/.test(arg)).join("");
  return ask("curl", args, io, {
    url,
    target:
      short.includes("O") || args.includes("--remote-name")
        ? nameOf(url)
        : (valueOfShort(args, "o") ?? valueOf(args, "--output", "--output")),
    format: valueOf(args, "-w", "--write-out"),
    isSilent: (short.includes("s") || args.includes("--silent")) && !short.includes("S"),
    failsOnError: short.includes("f") || args.includes("--fail"),
    headers: args,
  });
}

/** The value of a flag that may stand at the end of others: `-fsSLo name`. */
function valueOfShort(args: readonly string[], letter: string): string | undefined {
  const at = args.findIndex((arg) => new RegExp(`^-[a-zA-Z]*${letter}$`).test(arg));
  return at === -1 ? undefined : args[at + 1];
}

function wget(args: readonly string[], io: Io): number {
  const url = args.find((arg) => /^(https?:\/\/|localhost|127\.)/.test(arg));
  const target =
    valueOfShort(args, "O") ?? valueOf(args, "--output-document", "--output-document") ?? nameOf(url);
  return ask("wget", args, io, {
    url,
    target: target === "-" ? undefined : target,
    format: undefined,
    isSilent: args.some((arg) => /^-[a-zA-Z]*q/.test(arg)),
    failsOnError: true,
    headers: args,
  });
}

const OWN_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|100\.100\.100\.200)$/;

/** Exit codes: no connection, and an answer that is an error. */
const CODES: Readonly<Record<string, readonly [number, number]>> = { curl: [7, 22], wget: [4, 8] };

function ask(program: string, args: readonly string[], io: Io, request: Request): number {
  const { url = "" } = request;
  const host = /^(?:https?:\/\/)?(\[[^\]]*\]|[^/:]+)/.exec(url)?.[1] ?? "";
  const object = io.machine.download(url, conditionsIn(request));
  if (object === undefined && !OWN_HOST.test(host)) return elsewhere(program, args, io, request);
  const [unreachable, refused] = CODES[program] ?? [1, 1];
  const answer = object ?? near(host, request, io);
  if (answer === undefined) {
    show("000", request, io);
    if (request.isSilent) return unreachable;
    return complain(io, `${program}: (7) Failed to connect to ${host}: Connection refused`, unreachable);
  }
  if (answer.status >= 400 && request.failsOnError)
    return complain(io, `${program}: (22) The requested URL returned error: ${answer.status}`, refused);
  write(answer.body, request, io);
  show(String(answer.status), request, io);
  return 0;
}

/** `-H 'If-Match: "…"'` of curl and `--header` of wget. */
function conditionsIn({ headers }: Request): Readonly<Record<string, string>> {
  const [, etag] =
    headers.map((arg) => /^(?:--header=)?if-match:\s*(.+)$/i.exec(arg)).find((one) => one) ?? [];
  return etag === undefined ? {} : { "if-match": etag };
}

/** The answer of this machine or of its metadata service. */
const near = (host: string, request: Request, io: Io): Answer | undefined =>
  host === METADATA_HOST ? metadata(request.url ?? "", request, io) : local(io);

/** A script goes on with the file it asked for, whose content says what it is. */
function elsewhere(program: string, args: readonly string[], io: Io, request: Request): number {
  const { url, target } = request;
  const status = notSimulated(program, args, io);
  if (url !== undefined && target !== undefined) write(`#!not-simulated ${url}\n`, request, io);
  return status;
}

const write = (body: string, { target }: Request, io: Io): void =>
  target === undefined ? io.out(body) : io.files.write(io.path(target), body);

function show(code: string, { format }: Request, io: Io): void {
  if (format !== undefined) io.out(format.replace("%{http_code}", code).replaceAll(String.raw`\n`, "\n"));
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function local({ machine }: Io): Answer | undefined {
  const own = (unit: string): boolean => machine.disk.files.has(`/etc/systemd/system/${unit}.service`);
  // A unit that a user wrote counts as the service behind curl.
  const isServing = [...machine.active].some((unit) => WEB_UNITS.has(unit) || own(unit));
  return isServing ? { status: 200, body: "<html><body>Welcome</body></html>\n" } : undefined;
}

function metadata(url: string, { headers }: Request, { machine }: Io): Answer {
  const hasToken = headers.some((arg) => /metadata-token/i.test(arg));
  if (url.endsWith("/api/token")) return { status: 200, body: `${machine.token()}\n` };
  if (machine.needsMetadataToken && !hasToken) return { status: 403, body: "" };
  const body = machine.metadata(url.replace(/^.*\/latest\//, ""));
  return body === undefined ? { status: 404, body: "" } : { status: 200, body };
}
