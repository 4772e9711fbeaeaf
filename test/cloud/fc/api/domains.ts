/** Custom domains and their routes. */
import * as z from "zod/mini";
import { list, oneOf, strict, text } from "../../core/rules.ts";
import type { Domain } from "../domains.ts";
import {
  type Action,
  type ApiRequest,
  bodyOf,
  checked,
  instant,
  json,
  named,
  nothing,
  page,
} from "./request.ts";

const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"] as const;
const PROTOCOLS = ["HTTP", "HTTPS", "HTTP,HTTPS"] as const;

const Routes = strict({
  routes: list(
    strict({
      path: text("a path", "write /*, for example", /^\//),
      functionName: text("the name of a function", "name one"),
      qualifier: z.optional(oneOf(["LATEST"], "leave it out: domains of versions are not simulated")),
      methods: z.optional(list(oneOf(METHODS, "list the methods that are served"), "a list of methods")),
    }),
    "a list of routes",
  ),
});

/** Certificates and their like are accepted and have no effect here (DOMAIN-2). */
const IGNORED = { certConfig: z.optional(z.unknown()), tlsConfig: z.optional(z.unknown()) };

const DomainInput = strict({
  domainName: text("a domain name", "write a name with a dot", /^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
  protocol: oneOf(PROTOCOLS, "choose one"),
  routeConfig: Routes,
  ...IGNORED,
});
const DomainChange = strict({
  protocol: z.optional(oneOf(PROTOCOLS, "choose one")),
  routeConfig: z.optional(Routes),
  ...IGNORED,
});

const view = (
  { name, protocol, routes, createdAt, modifiedAt }: Domain,
  { platform }: ApiRequest,
): object => ({
  domainName: name,
  protocol,
  routeConfig: { routes },
  accountId: platform.kernel.accountId,
  apiVersion: "2023-03-30",
  createdTime: instant(createdAt),
  lastModifiedTime: instant(modifiedAt),
});

export const DOMAIN_ACTIONS: Readonly<Record<string, Action>> = {
  ListCustomDomains: {
    query: ["prefix", "limit", "nextToken"],
    run: (request) => {
      const found = named(request, request.platform.domains.all(), ({ name }) => name);
      const { items, next } = page(request, found, ({ name }) => name);
      return json({ customDomains: items.map((one) => view(one, request)), ...next });
    },
  },
  CreateCustomDomain: {
    run: async (request) => {
      const { domains, registry } = request.platform;
      const { domainName, protocol, routeConfig } = checked(DomainInput, bodyOf(request));
      for (const { functionName } of routeConfig.routes) registry.get(functionName);
      return json(view(await domains.create(domainName, protocol, routeConfig.routes), request));
    },
  },
  GetCustomDomain: { run: (request) => json(view(request.platform.domains.get(request.subject), request)) },
  UpdateCustomDomain: {
    run: (request) => {
      const { domains, registry } = request.platform;
      domains.get(request.subject);
      const { protocol, routeConfig } = checked(DomainChange, bodyOf(request));
      for (const { functionName } of routeConfig?.routes ?? []) registry.get(functionName);
      const change = {
        ...(protocol !== undefined && { protocol }),
        ...(routeConfig !== undefined && { routes: routeConfig.routes }),
      };
      return json(view(domains.update(request.subject, change), request));
    },
  },
  DeleteCustomDomain: {
    run: ({ platform, subject }) => {
      platform.domains.delete(subject);
      return nothing();
    },
  },
};
