/**
 * Custom domains of the webhook. s.yaml declares one, and the deploy tool only adds its route.
 *
 * DOMAIN-1. The domain of the last deployment is the one whose URL the functions have and which leads to the webhook. Other
 *     domains are the user's.
 */
import * as z from "zod/mini";
import { ifThere, type Api } from "./api.ts";
import type { Environment } from "./config.ts";
import { listed, type LiveFunction } from "./functions.ts";
import type { Plan } from "./plan.ts";

const CustomDomain = z.looseObject({
  domainName: z.string(),
  routeConfig: z._default(
    z.looseObject({ routes: z._default(z.array(z.looseObject({ functionName: z.string() })), []) }),
    { routes: [] },
  ),
});
/** A domain, as far as it is read. */
export type CustomDomain = z.infer<typeof CustomDomain>;

const DomainPage = z.looseObject({
  customDomains: z.array(CustomDomain),
  nextToken: z.optional(z.string()),
});

/** The custom domains of the region, with the functions that their routes lead to. */
export const customDomains = (api: Api): Promise<CustomDomain[]> =>
  listed(api, "/custom-domains", { read: DomainPage, itemsOf: (page) => page.customDomains });

/** Takes the routes to these functions off the domains; one without another route goes. */
export async function removeRoutes(
  domains: readonly CustomDomain[],
  names: readonly string[],
  { api, plan }: { readonly api: Api; readonly plan: Plan },
): Promise<void> {
  for (const { domainName, routeConfig } of domains) {
    const routes = routeConfig.routes.filter(({ functionName }) => !names.includes(functionName));
    if (routes.length === routeConfig.routes.length) continue;
    const path = `/custom-domains/${domainName}`;
    await (routes.length === 0
      ? plan.change(`remove custom domain ${domainName}`, () => ifThere(api.fc("DELETE", path)))
      : plan.change(`remove the route of custom domain ${domainName}`, () =>
          api.fc("PUT", path, {}, { routeConfig: { routes } }),
        ));
  }
}

/** The variable that declares the domain, from which s.yaml derives the address of the webhook. */
export const DOMAIN_VARIABLE = "KILN_WEBHOOK_DOMAIN";

/** DOMAIN-1. */
export async function deployedDomain(
  api: Api,
  own: readonly LiveFunction[],
  webhook: string,
): Promise<CustomDomain | undefined> {
  const urls = own.flatMap(({ environmentVariables }) => environmentVariables["KILN_WEBHOOK_URL"] || []);
  if (urls.length === 0) return undefined;
  return (await customDomains(api)).find(
    ({ domainName, routeConfig: { routes } }) =>
      urls.includes(`https://${domainName}`) && routes.some(({ functionName }) => functionName === webhook),
  );
}

/** Whether this deployment gives the webhook another domain, or none. One from a shell without the variable keeps it. */
export function isReplaced(
  { domainName }: CustomDomain,
  environment: Environment,
  unset: readonly string[],
): boolean {
  // A URL that is set may be of any domain.
  if (environment["KILN_WEBHOOK_URL"]) return false;
  const declared = environment[DOMAIN_VARIABLE];
  return declared === undefined ? unset.includes(DOMAIN_VARIABLE) : declared !== domainName;
}
