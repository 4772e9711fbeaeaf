/** The servers in front of a cloud, and the addresses they have. */
import type { WireRequest, WireResponse } from "./kernel.ts";
import { type Listener, listen } from "./server.ts";

export type Handler = (request: WireRequest) => Promise<WireResponse>;

/** HTTP triggers listen on the ports behind those of the API and OSS. */
export const FIRST_TRIGGER = 2;

export interface FrontOptions {
  /** The first of its ports; 0 = any free ones. */
  readonly port: number;
  /** The cloud's time, epoch milliseconds. */
  readonly now: () => number;
  /** A request, given where it is one to an HTTP trigger, has arrived on a connection; it is served when this resolves. */
  readonly onArrival: (connection: string, request: WireRequest | undefined) => Promise<void> | undefined;
  /** The request on this connection is never answered. */
  readonly onKeptBack: (connection: string) => void;
}

export class Front {
  readonly #options: FrontOptions;
  readonly #listeners: Listener[] = [];
  readonly #mounted: (readonly [path: string, handle: Handler])[] = [];

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /** Serves `handle` on the next port after the last one. */
  async listen(handle: Handler): Promise<Listener> {
    const { port, now, onKeptBack } = this.#options;
    const offset = this.#listeners.length;
    const onArrival = (connection: string, request: WireRequest) =>
      this.#options.onArrival(connection, offset < FIRST_TRIGGER ? undefined : request);
    const listener = await listen(port === 0 ? 0 : port + offset, { now, handle, onArrival, onKeptBack });
    this.#listeners.push(listener);
    return listener;
  }

  mount(path: string, handle: Handler): void {
    this.#mounted.push([path, handle]);
  }

  /** The handler of a request that is none of the cloud's; undefined for the others. */
  mounted({ url }: WireRequest): Handler | undefined {
    return this.#mounted.find(([path]) => url.startsWith(path))?.[1];
  }

  /** Connections whose clients still wait for an answer that a fault keeps back. */
  unanswered(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.unanswered(), 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
