/** A client of ECS and CloudMonitor whose calls another one makes: the client layer of Kiln, from where its functions are. */
import { connect, type CloudClient, type Core } from "../../shared/cloud/client.ts";
import { minutes } from "../../shared/duration.ts";
import type { CloudProduct } from "../../shared/errors.ts";
import type { Clock } from "../../shared/ports.ts";
import type { Place } from "../names.ts";
import type { Order, Reply } from "./probe/orders.ts";

interface Remote {
  readonly place: Place;
  readonly clock: Clock;
  readonly ask: (order: Order) => Promise<Reply>;
}

/** A client that has no key of its own. */
export function remoteClient({ place, clock, ask }: Remote): CloudClient {
  const { region, account: accountId, bucket, stage } = place;
  const credentials = { accessKeyId: "", accessKeySecret: "" };
  const access = {
    region,
    accountId,
    bucket,
    stage,
    credentials,
    endpoints: {},
    fcSignature: "acs3",
  } as const;
  const client = connect(access, { clock, log: () => {} }, { callMs: minutes(2), repeats: 0 });
  return { ...client, core: (product, at) => Promise.resolve(coreOf(ask, product, at)) };
}

interface Asked {
  readonly query?: Readonly<Record<string, string>>;
}

/** A core client of the SDK as far as `send` uses one. */
function coreOf(ask: Remote["ask"], product: CloudProduct, region: string): Core {
  const callApi = async (params: Readonly<Record<string, unknown>>, { query = {} }: Asked) => {
    if (product === "oss") throw new Error("the bucket is asked by orders of its own");
    const { status, code, text, body } = await ask({ kind: "api", product, region, params, query });
    if (code === "") return { body };
    throw Object.assign(new Error(text), { code, statusCode: status, data: { Message: text } });
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only method that is called
  return { callApi } as unknown as Core;
}
