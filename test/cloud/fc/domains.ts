/**
 * Custom domains: addresses that show pages, where the default ones make browsers download them.
 *
 * DOMAIN-1. A domain is a server of its own, under its name in `urls`. Its routes say which function a path belongs to; the
 *     function must have an HTTP trigger, whose methods and authentication hold.
 * DOMAIN-2. Names, records and certificates of the real network are not simulated: any name will do, over plain HTTP.
 */
import { CloudFault, type WireRequest, type WireResponse } from "../core/kernel.ts";
import { splitUrl } from "../core/signatures.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import type { Address, OpenAddress } from "./addresses.ts";

export interface DomainRoute {
  /** Ends in `*` for all paths that begin like it. */
  readonly path: string;
  readonly functionName: string;
  readonly qualifier?: string | undefined;
  readonly methods?: readonly string[] | undefined;
}

export interface Domain {
  readonly name: string;
  readonly protocol: string;
  readonly routes: readonly DomainRoute[];
  readonly createdAt: number;
  readonly modifiedAt: number;
}

type Serve = (functionName: string, request: WireRequest, domainName: string) => Promise<WireResponse>;

export class Domains {
  /** URLs by domain name; the same object for the life of the cloud. */
  readonly urls: Record<string, string> = {};
  readonly #domains = new Map<string, Domain>();
  readonly #open = new Map<string, Address>();
  readonly #listen: OpenAddress;
  readonly #serve: Serve;
  readonly #now: () => number;

  constructor(listen: OpenAddress, serve: Serve, now: () => number) {
    this.#listen = listen;
    this.#serve = serve;
    this.#now = now;
  }

  all(): Domain[] {
    return [...this.#domains.values()];
  }

  /** @throws CloudFault 404 DomainNameNotFound. */
  get(name: string): Domain {
    const domain = this.#domains.get(name);
    if (domain !== undefined) return domain;
    throw new CloudFault(404, "DomainNameNotFound", `domain name '${name}' does not exist`);
  }

  /** @throws CloudFault 409 DomainNameAlreadyExists. */
  async create(name: string, protocol: string, routes: readonly DomainRoute[]): Promise<Domain> {
    if (this.#domains.has(name)) {
      throw new CloudFault(409, "DomainNameAlreadyExists", `domain name '${name}' already exists`);
    }
    const domain = { name, protocol, routes, createdAt: this.#now(), modifiedAt: this.#now() };
    this.#domains.set(name, domain);
    const address = await this.#listen((request) => this.answer(name, request));
    this.#open.set(name, address);
    this.urls[name] = address.url;
    return domain;
  }

  update(name: string, change: Partial<Pick<Domain, "protocol" | "routes">>): Domain {
    const domain = { ...this.get(name), ...change, modifiedAt: this.#now() };
    this.#domains.set(name, domain);
    return domain;
  }

  delete(name: string): void {
    this.get(name);
    this.#domains.delete(name);
    delete this.urls[name];
    void this.#open.get(name)?.close();
    this.#open.delete(name);
  }

  /** The domain that a manifest gives a function; several functions may share one. */
  readonly change = async (
    before: FunctionDefinition | undefined,
    after: FunctionDefinition | undefined,
  ): Promise<void> => {
    if (before !== undefined || after?.customDomain === undefined) return;
    const { domainName, protocol, path } = after.customDomain;
    const route = { path, functionName: after.name };
    const known = this.#domains.get(domainName);
    if (known === undefined) await this.create(domainName, protocol, [route]);
    else this.update(domainName, { routes: [...known.routes, route] });
  };

  /** Serves a request to a domain, whatever address it came over. */
  async answer(name: string, request: WireRequest): Promise<WireResponse> {
    const { path } = splitUrl(request.url);
    const domain = this.#domains.get(name);
    if (domain === undefined)
      return refusal(404, "DomainNameNotFound", `domain name '${name}' does not exist`);
    const route = domain.routes
      .filter((one) => isServed(one, path))
      .toSorted((a, b) => b.path.length - a.path.length)[0];
    if (route === undefined) return refusal(404, "NotFound", `no route of ${name} serves ${path}`);
    const isAllowed =
      route.methods === undefined || route.methods.length === 0 || route.methods.includes(request.method);
    if (!isAllowed) return refusal(403, "FCCommonError", `the route allows ${route.methods?.join(", ")}`);
    return this.#serve(route.functionName, request, name);
  }
}

const isServed = ({ path: pattern }: DomainRoute, path: string): boolean =>
  pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;

const refusal = (status: number, Code: string, Message: string): WireResponse => ({
  status,
  headers: { "content-type": "application/json", "x-fc-error-type": Code },
  body: JSON.stringify({ Code, Message }),
});
