/** Refuses requests that the document they are about cannot carry out, before a run begins (shared/document-index.ts). */
import { inBatches } from "../../shared/in-batches.ts";
import * as z from "zod/mini";
import type { CloudClient } from "../../shared/cloud/client.ts";
import { CloudError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/invocation.ts";
import {
  documentKeys,
  findDocument,
  readDocumentIndex,
  type DocumentIndex,
} from "../../shared/document-index.ts";
import type { DocumentFolder } from "../../shared/keys.ts";
import { joinReasons } from "../../shared/budget.ts";
import { imageNameProblem, renderImageName } from "../../shared/documents/image-name.ts";
import { declaredProblems, missingIn, missingProblem } from "../../shared/requests/declared-parameters.ts";
import { Parameters } from "../../shared/requests/parameters.ts";
import { readRunLog } from "../../shared/workflow/run-log.ts";
import { actionOf } from "./routes.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";

interface Refusal {
  readonly status: 400 | 404 | 422;
  readonly error: string;
}

/**
 * Why a request is refused; undefined when its run has to find out. A repeat of an accepted request is not refused, and
 * an index that cannot be read refuses nothing.
 */
export async function documentRefusal(request: RunRequest, { cloud }: Ports): Promise<Refusal | undefined> {
  const about = documentOf(request);
  return about && refusalNow(request, about, cloud).catch(unlessCloudError);
}

async function refusalNow(
  request: RunRequest,
  about: About,
  cloud: CloudClient,
): Promise<Refusal | undefined> {
  const found = await refusalOf(request, about, cloud);
  return found && (await readRunLog(cloud, request.run)).lines.length === 0 ? found : undefined;
}

/** INDEX-2: the bucket has the last word. */
async function refusalOf(
  request: RunRequest,
  { folder, name }: About,
  cloud: CloudClient,
): Promise<Refusal | undefined> {
  const index = await readDocumentIndex(cloud, folder, name);
  const refusal = index && refusalBy(index, request);
  if (index !== undefined && refusal === undefined) return undefined;
  const now = await findDocument(cloud, folder, name);
  if (now === undefined) return missing(folder, name);
  const isCurrent = index?.key === now.key && index.etag === now.etag;
  return isCurrent ? refusal : undefined;
}

/** Fleets of one delivery whose limits are read for its answer; the runs of the others say by themselves what is cut. */
const CUTS_MAX = 20;

/** The instances of each alert, or of a job, above `limits.perRequest`, for the answer: the run launches the rest. */
export async function cutOf({ request }: RunRequest, { cloud }: Ports): Promise<string | undefined> {
  const shares = z.looseObject({ shares: z.array(Cuttable) }).safeParse(request).data?.shares;
  const found = shares ?? Cuttable.safeParse(request).data ?? jobIn(request);
  const many = [found].flat().filter(({ alerts, over }) => !over && alerts.some(([, count]) => count > 1));
  const cuts = await inBatches(many.slice(0, CUTS_MAX), (share) => cutOfShare(share, cloud));
  return cuts.filter((cut) => cut !== undefined).join("; ") || undefined;
}

const Cuttable = z.looseObject({
  fleet: z.string(),
  alerts: z.array(z.tuple([z.string(), z.number()])),
  over: z.optional(z.boolean()),
});

const Job = z.looseObject({ fleet: z.string(), count: z.number(), announcedAt: z.number() });
function jobIn(request: unknown): z.infer<typeof Cuttable>[] {
  const job = Job.safeParse(request).data;
  return job === undefined ? [] : [{ fleet: job.fleet, alerts: [["", job.count]] }];
}

async function cutOfShare(
  { fleet, alerts }: z.infer<typeof Cuttable>,
  cloud: CloudClient,
): Promise<string | undefined> {
  const index = await readDocumentIndex(cloud, "fleets", fleet).catch(unlessCloudError);
  if (index?.limits === undefined) return undefined;
  const { perRequest } = index.limits;
  const asked = alerts.reduce((sum, [, wanted]) => sum + wanted, 0);
  const left = alerts.reduce((sum, [, wanted]) => sum + Math.max(0, wanted - perRequest), 0);
  return left === 0
    ? undefined
    : `limits.perRequest of ${index.key} is ${perRequest}: ${left} of ${asked} instances are not launched`;
}

function unlessCloudError(error: unknown): undefined {
  if (!(error instanceof CloudError)) throw error;
}

interface About {
  readonly folder: DocumentFolder;
  readonly name: string;
}

function documentOf({ request }: RunRequest): About | undefined {
  const { fleet, recipe } = request;
  if (typeof fleet === "string") return { folder: "fleets", name: fleet };
  return typeof recipe === "string" ? { folder: "recipes", name: recipe } : undefined;
}

const missing = (folder: DocumentFolder, name: string): Refusal => ({
  status: 404,
  error: `there is no ${documentKeys(folder, name)[0]}; upload it, or correct the name in the path`,
});

function refusalBy(index: DocumentIndex, { run, request }: RunRequest): Refusal | undefined {
  if (index.problem !== undefined) return { status: 422, error: index.problem };
  const error =
    routeProblem(index, request) ?? countProblem(index, request) ?? parameterProblem(index, request);
  if (error !== undefined) return { status: 400, error };
  const undeclared = declarationProblem(index, request) ?? nameProblem(index, request, run);
  return undeclared === undefined ? undefined : { status: 422, error: undeclared };
}

type Request = RunRequest["request"];

/** The part of a document that a request is about. All others are about any document of their kind. */
const NEEDED: Readonly<Record<string, string>> = {
  "stop-idle": "idle:",
  resume: "idle: with resume: true",
  resize: "size:",
  refresh: "size:",
  "promote-image": "family:",
  "end-job": "onJobCompleted:",
};

function routeProblem({ key, routes }: DocumentIndex, { request }: Request): string | undefined {
  const needed = NEEDED[String(request)];
  const action = actionOf(String(request));
  return needed === undefined || routes.includes(action)
    ? undefined
    : `${key} has no ${needed}, so ${action} has nothing to do; add it to the document`;
}

function countProblem({ key, limits }: DocumentIndex, { count, to }: Request): string | undefined {
  if (limits === undefined) return undefined;
  if (typeof to === "number" && to > limits.max)
    return `to: must be at most ${limits.max}, limits.max of ${key} (it is ${to}); name fewer, or raise it`;
  if (typeof count !== "number" || count <= limits.perRequest) return undefined;
  return `count: must be at most ${limits.perRequest}, limits.perRequest of ${key} (it is ${count}); ask for fewer, or raise it`;
}

function parameterProblem(
  { key, environment = [] }: DocumentIndex,
  { parameters }: Request,
): string | undefined {
  const taken = Object.keys(Object(parameters)).find((name) => environment.includes(name));
  return taken === undefined
    ? undefined
    : `parameters.${taken}: a step of ${key} sets ${taken} under environment, and a parameter does not replace that; leave it out`;
}

function declarationProblem(
  { parameters: declared }: DocumentIndex,
  { request, parameters = {} }: Request,
): string | undefined {
  const given = Parameters.safeParse(parameters);
  if (declared === undefined || request !== "bake" || !given.success) return undefined;
  const problems = [
    ...declaredProblems(declared, given.data),
    ...missingIn(declared, given.data).map(missingProblem),
  ];
  return problems.length === 0 ? undefined : joinReasons(problems);
}

/** The name of the image that the bake would make. The run is refused for the same reason; its time is of the same length. */
function nameProblem(
  { image, parameters: declared = {} }: DocumentIndex,
  { request, recipe, parameters = {} }: Request,
  run: string,
): string | undefined {
  const given = Parameters.safeParse(parameters);
  if (image === undefined || request !== "bake" || typeof recipe !== "string" || !given.success)
    return undefined;
  const defaults = Object.entries(declared).flatMap(([name, one]) =>
    one.default === undefined ? [] : [[name, one.default] as const],
  );
  const values = { ...Object.fromEntries(defaults), ...given.data };
  const name = renderImageName(image.name, { recipe, run, at: 0, parameters: values });
  const problem = imageNameProblem(name, image.imported);
  return problem && `image.name: ${problem} (it becomes ${JSON.stringify(name)} with these parameters)`;
}
