/** Programs that ask over the network: this machine and its metadata service answer, nothing else is simulated. */
import { complain, notSimulated } from "./answers.ts";
import type { Io, Program, Run } from "./machine.ts";
import { optionsOf } from "./options.ts";
import type { Given, Known } from "./options.ts";
import { answerAt } from "./web/listeners.ts";
import type { Answer } from "./web/site.ts";

const METADATA_HOST = "100.100.100.200";

export const NETWORK_PROGRAMS: Readonly<Record<string, Program>> = { curl, wget };

interface Request {
  readonly program: "curl" | "wget";
  readonly args: readonly string[];
  readonly url: string;
  readonly method: string;
  /** Where the body goes; undefined is the standard output. */
  readonly target: string | undefined;
  readonly format: string | undefined;
  /** Whether it asks for the headers alone. */
  readonly isHead: boolean;
  readonly isSilent: boolean;
  readonly failsOnError: boolean;
  readonly follows: boolean;
  /** How often it asks again where nothing listens, and how long it waits before. */
  readonly retries: number;
  readonly pauseMs: number | undefined;
  /** Whether the machine knows what all of its options do. */
  readonly isKnown: boolean;
}

const nameOf = (url: string): string =>
  url
    .replace(/[?#].*$/, "")
    .split("/")
    .at(-1) || "index.html";

const CURL: Known = {
  letters: "fsSLkIONg#o:O:w:H:X:m:A:1:2:3:4:5:6:d:b:c:C:D:e:E:F:K:P:Q:r:t:T:u:U:x:y:Y:z:vi",
  long: {
    fail: "f",
    "fail-with-body": "f",
    silent: "s",
    "show-error": "S",
    location: "L",
    insecure: "k",
    head: "I",
    output: "o",
    "remote-name": "O",
    "write-out": "w",
    header: "H",
    request: "X",
    "max-time": "m",
    "connect-timeout": "m",
    "user-agent": "A",
    user: "u",
    retry: "1",
    "retry-delay": "2",
    "retry-max-time": "m",
    "retry-connrefused": "N",
    "retry-all-errors": "N",
    noproxy: "m",
    url: "3",
    data: "d",
    verbose: "v",
    include: "i",
    compressed: "g",
    "create-dirs": "g",
    "no-progress-meter": "g",
    "progress-bar": "#",
    proto: "4",
    "tlsv1.2": "g",
  },
};
/** Letters of curl above whose effect on an answer of this machine is simulated. */
const CURL_SIMULATED = "fsSLkIONg#owHXmAu1234";

function curl(args: readonly string[], io: Io): number | Run {
  const given = optionsOf(args, { ...CURL, letters: CURL.letters.replace("O:", "") });
  const urls = [...given.operands, ...(given.has("3") ? [given.value("3") ?? ""] : [])];
  const [url = ""] = urls;
  if (url === "") return complain(io, "curl: (2) no URL specified", 2);
  return ask(
    {
      program: "curl",
      args,
      url,
      method: methodOf(given),
      target: given.has("O") ? nameOf(url) : given.value("o"),
      format: given.value("w"),
      isHead: given.has("I"),
      isSilent: given.has("s") && !given.has("S"),
      failsOnError: given.has("f"),
      follows: given.has("L"),
      ...retriesOf(given),
      isKnown: urls.length === 1 && isSimulated(given, CURL, CURL_SIMULATED),
    },
    io,
  );
}

const methodOf = (given: Given): string =>
  given.value("X") ?? (given.has("I") ? "HEAD" : given.has("d") ? "POST" : "GET");

/** A port on which nothing listens is asked again only with an option of its own. */
const retriesOf = (given: Given): Pick<Request, "retries" | "pauseMs"> => ({
  retries: given.has("N") ? Number(given.value("1") ?? 0) : 0,
  pauseMs: given.has("2") ? Number(given.value("2")) * 1000 : undefined,
});

/** Whether no option was given but these. */
const isSimulated = (given: Given, { letters }: Known, simulated: string): boolean =>
  given.unknown === undefined &&
  Array.from(letters).every((letter) => !given.has(letter) || simulated.includes(letter));

const WGET: Known = {
  letters: "qnvcSO:P:T:t:U:1:2:3",
  long: {
    quiet: "q",
    "no-verbose": "v",
    "output-document": "O",
    "directory-prefix": "P",
    timeout: "T",
    tries: "t",
    "user-agent": "U",
    header: "1",
    waitretry: "2",
    spider: "3",
    "no-check-certificate": "v",
    "show-progress": "v",
    continue: "c",
    "server-response": "S",
    "retry-connrefused": "S",
  },
};

function wget(args: readonly string[], io: Io): number | Run {
  const given = optionsOf(
    args.map((arg) => (arg === "-nv" ? "--no-verbose" : arg)),
    WGET,
  );
  const [url = ""] = given.operands;
  if (url === "") return complain(io, "wget: missing URL", 1);
  const folder = given.has("P") ? `${given.value("P")}/` : "";
  const target = given.value("O") ?? folder + nameOf(url);
  return ask(
    {
      program: "wget",
      args,
      url,
      method: "GET",
      target: target === "-" ? undefined : given.has("3") ? "/dev/null" : target,
      format: undefined,
      isHead: false,
      isSilent: given.has("q"),
      failsOnError: true,
      follows: true,
      retries: 0,
      pauseMs: undefined,
      isKnown: given.operands.length === 1 && isSimulated(given, WGET, "qvOPTtU123"),
    },
    io,
  );
}

const OWN_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0)$/;

/** Exit codes: no connection, and an answer that is an error. */
const CODES = { curl: [7, 22], wget: [4, 8] } as const;

interface Place {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

function placeOf(url: string): Place {
  const [, scheme = "http", host = "", port, path = ""] =
    /^(?:([a-z]+):\/\/)?(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?([^?#]*)/i.exec(url) ?? [];
  const usual = scheme === "https" ? 443 : 80;
  return { scheme, host, port: port === undefined ? usual : Number(port), path: path === "" ? "/" : path };
}

function* ask(request: Request, io: Io): Run {
  const { url, program, args } = request;
  const object = io.machine.download(url, conditionsIn(args));
  if (object !== undefined) return finished(object, request, io);
  const place = placeOf(url);
  if (place.host === METADATA_HOST) return finished(metadata(url, request, io), request, io);
  if (!OWN_HOST.test(place.host)) return elsewhere(request, io);
  if (!request.isKnown) return notSimulated(program, args, io);
  const answer = yield* near(place, request, io);
  if (answer === "unknown") return notSimulated(program, args, io);
  return answer === undefined ? refused(place, request, io) : finished(answer, request, io);
}

/** The answer of this machine, asked again while nothing listens, and at each address it points to. */
function* near(place: Place, request: Request, io: Io): Generator<number, Answer | undefined> {
  const { retries, pauseMs, method, follows } = request;
  if (!/^(?:GET|HEAD)$/.test(method)) return "unknown";
  const look = (at: Place): Answer | undefined => {
    const found = answerAt({ ...at, path: decodeURI(at.path) }, io.machine.active, io.files);
    return found !== undefined && at.scheme === "https" ? "unknown" : found;
  };
  let answer = look(place);
  for (let tried = 0; answer === undefined && tried < retries; tried++) {
    yield pauseMs ?? Math.min(600_000, 1000 * 2 ** tried);
    answer = look(place);
  }
  for (let hops = 0; follows && hops < 20; hops++) {
    if (answer === undefined || answer === "unknown" || answer.location === undefined) return answer;
    const to = answer.location.startsWith("/")
      ? { ...place, path: answer.location }
      : placeOf(answer.location);
    if (!OWN_HOST.test(to.host)) return "unknown";
    answer = look(to);
  }
  return answer;
}

function refused({ host, port }: Place, request: Request, io: Io): number {
  const { program, isSilent } = request;
  const [code] = CODES[program];
  show("000", request, io);
  if (isSilent) return code;
  return complain(io, `${program}: (7) Failed to connect to ${host} port ${port}: Connection refused`, code);
}

function finished(answer: Exclude<Answer, "unknown">, request: Request, io: Io): number {
  const { program, failsOnError, isSilent, isHead } = request;
  const { status, body } = answer;
  if (status >= 400 && failsOnError) {
    show(String(status), request, io);
    const [, code] = CODES[program];
    return isSilent
      ? code
      : complain(io, `${program}: (22) The requested URL returned error: ${status}`, code);
  }
  const head = `HTTP/1.1 ${status} ${status === 200 ? "OK" : "-"}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  write(isHead ? head : body, request, io);
  show(String(status), request, io);
  return 0;
}

/** `-H 'If-Match: "…"'` of curl and `--header` of wget. */
function conditionsIn(args: readonly string[]): Readonly<Record<string, string>> {
  const [, etag] = args.map((arg) => /^(?:--header=)?if-match:\s*(.+)$/i.exec(arg)).find((one) => one) ?? [];
  return etag === undefined ? {} : { "if-match": etag };
}

/** A script goes on with the file it asked for, whose content says what it is. */
function elsewhere(request: Request, io: Io): number {
  const { url, target, program, args } = request;
  const status = notSimulated(program, args, io);
  if (target !== undefined) write(`#!not-simulated ${url}\n`, request, io);
  return status;
}

const write = (body: string, { target }: Request, io: Io): void =>
  target === undefined || target === "-" ? io.out(body) : io.files.write(io.path(target), body);

function show(code: string, { format }: Request, io: Io): void {
  if (format === undefined) return;
  const text = format.replaceAll(/%\{(?:http_code|response_code)\}/g, code).replaceAll(String.raw`\n`, "\n");
  if (/%\{/.test(text)) notSimulated("curl -w", [format], io);
  io.out(text);
}

function metadata(url: string, { args }: Request, { machine }: Io): Exclude<Answer, "unknown"> {
  const hasToken = args.some((arg) => /metadata-token/i.test(arg));
  if (url.endsWith("/api/token")) return { status: 200, body: `${machine.token()}\n` };
  if (machine.needsMetadataToken && !hasToken) return { status: 403, body: "" };
  const body = machine.metadata(url.replace(/^.*\/latest\//, ""));
  return body === undefined ? { status: 404, body: "" } : { status: 200, body };
}
