/** `call METHOD PATH [BODY]`: a signed request, to the API or to the webhook. */
import { readJson } from "../../shared/json.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor, etagIn, type Target } from "../client.ts";

export const call: Command = {
  name: "call",
  summary: "send a signed request: GET, PUT and DELETE to the API, POST to the webhook",
  args: "METHOD PATH [BODY]",
  count: [2, 3],
  options: { match: { value: "ETAG", help: "change a document only if it still has this etag" } },
  details: `Examples: call POST /fleets/web/scale-out '{"count":3}', call GET /runs?state=failed, call DELETE /recipes/web.
In --json the body is a text unless it is JSON.`,
  shape: "status, body",
  run: send,
};

const TARGETS: Readonly<Record<string, Target>> = { GET: "api", PUT: "api", DELETE: "api", POST: "webhook" };

/** @throws CommandError for a request that the API and the webhook do not know */
function requestOf(input: Input) {
  const [given = "", path = "", body] = input.args;
  const method = given.toUpperCase();
  const target = TARGETS[method];
  if (target === undefined)
    throw new CommandError(EXIT.usage, `${given} is none of ${Object.keys(TARGETS).join(", ")}`);
  if (!path.startsWith("/")) throw new CommandError(EXIT.usage, `the path ${path} must begin with /`);
  if (method === "GET" && body)
    throw new CommandError(EXIT.usage, "GET takes no body; leave it out, or write the facts into the query");
  return { target, method, path, body };
}

async function send(input: Input, io: Io): Promise<Exit> {
  const { target, method, path, body } = requestOf(input);
  const etag = etagIn(input);
  const headers = etag === undefined ? {} : { "if-match": `"${etag}"` };
  const { status, text } = await clientFor(io).send(target, method, path, {
    headers,
    ...(body !== undefined && { body }),
  });
  if (input.json) io.out(jsonOf("call", { status, body: bodyOf(text) }));
  else io.out(text.trimEnd());
  if (status < 300) return EXIT.ok;
  if (!input.json) io.err(`${method} ${path}: ${status}`);
  return status === 400 || status === 422 ? EXIT.invalid : EXIT.failed;
}

function bodyOf(text: string): unknown {
  const body = readJson(text);
  return body === undefined ? text : body;
}
