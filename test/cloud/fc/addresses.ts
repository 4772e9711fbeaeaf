/** The public addresses of functions with an HTTP trigger: each is a server of its own, as long as the trigger is there. */
import type { FunctionDefinition } from "../core/functions.ts";
import type { WireRequest, WireResponse } from "../core/kernel.ts";

/** A server on a port of its own. */
export interface Address {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens a server in front of `serve`. */
export type OpenAddress = (serve: (request: WireRequest) => Promise<WireResponse>) => Promise<Address>;

type Serve = (functionName: string, request: WireRequest) => Promise<WireResponse>;

export class Addresses {
  /** URLs by function name; the same object for the life of the cloud. */
  readonly urls: Record<string, string> = {};
  readonly #open = new Map<string, Address>();
  readonly #listen: OpenAddress;
  readonly #opened: ReadonlyMap<string, Address>;
  readonly serve: Serve;

  /** @param opened those that are open already, and lead to `serve`. */
  constructor(
    { listen, opened }: { readonly listen: OpenAddress; readonly opened: ReadonlyMap<string, Address> },
    serve: Serve,
  ) {
    this.#listen = listen;
    this.#opened = new Map(opened);
    this.serve = serve;
  }

  /** Opens or closes what a change of a function asks for. */
  readonly change = async (
    before: FunctionDefinition | undefined,
    after: FunctionDefinition | undefined,
  ): Promise<void> => {
    const name = (after ?? before)?.name ?? "";
    const isWanted = after?.triggers.some(({ kind }) => kind === "http") === true;
    const open = this.#open.get(name);
    if (isWanted && open === undefined) {
      const isOpen = before === undefined && this.#opened.get(name);
      const address = isOpen || (await this.#listen((request) => this.serve(name, request)));
      this.#open.set(name, address);
      this.urls[name] = address.url;
    }
    if (isWanted || open === undefined) return;
    this.#open.delete(name);
    delete this.urls[name];
    // Not awaited: the change may have come over a connection of this server.
    void open.close();
  };
}
