import { test } from "vitest";
import type { Cloud } from "../cloud/index.ts";
import { known } from "../support/known.ts";
import { fc3, fcSdk } from "./clients.ts";
import { type Fixture, withCloud } from "./fixture.ts";

const sdk = fcSdk();
const PAGE = `exports.handler = async (event) => {
  const { rawPath, requestContext: { domainName } } = JSON.parse(event);
  if (rawPath === "/away") return { statusCode: 302, headers: { Location: "https://elsewhere.example/" } };
  return { statusCode: 200, headers: { "Content-Type": "text/html" }, body: "<p>" + domainName + rawPath + "</p>" };
};`;
const trigger = (more = ""): string => `triggers:
  - triggerName: web
    triggerType: http
    triggerConfig: { authType: anonymous, methods: [GET, POST]${more} }`;
const WEB: Fixture = { code: { web: PAGE }, props: { web: trigger() } };

/** How a browser takes an answer. */
async function browse(url: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(url, { redirect: "manual", ...init });
  if (answer.headers.get("content-disposition")?.startsWith("attachment") === true) return "a download";
  const text = await answer.text();
  if (answer.status < 400) return text || `to ${answer.headers.get("location")}`;
  const { Code } = known<{ Code: string }>(JSON.parse(text));
  return `${answer.status} ${Code} ${answer.headers.get("x-fc-error-type")}`;
}

test("browsers download what the default address of a function answers, and see it on a custom domain", async ({
  expect,
}) => {
  await withCloud(WEB, {}, async (cloud) => {
    const url = cloud.urls.http["web"] ?? "";
    expect(await browse(`${url}/a`)).toBe("a download");
    expect(await browse(`${url}/a`, { method: "POST" })).toBe("a download");
    const domain = await cloud.fc.addDomain("pages.example.com", "web");
    expect(cloud.urls.domains).toEqual({ "pages.example.com": domain });
    expect(await browse(`${domain}/a`)).toBe("<p>pages.example.com/a</p>");
  });
});

test("the default address forwards no redirect, and methods that a trigger does not list are refused everywhere", async ({
  expect,
}) => {
  await withCloud(WEB, {}, async (cloud) => {
    const url = cloud.urls.http["web"] ?? "";
    const domain = await cloud.fc.addDomain("pages.example.com", "web");
    expect(await browse(`${url}/away`)).toBe("400 ExternalRedirectForbidden ExternalRedirectForbidden");
    expect(await browse(`${domain}/away`)).toBe("to https://elsewhere.example/");
    for (const address of [url, domain]) {
      for (const method of ["PUT", "DELETE", "PATCH"]) {
        expect(await browse(address, { method })).toBe("403 FCCommonError FCCommonError");
      }
      expect((await fetch(address, { method: "HEAD" })).status).toBe(403);
    }
    expect(cloud.fc.invocations).toHaveLength(2);
  });
});

test("a public address that is off does not close a custom domain", async ({ expect }) => {
  const shut = { code: { web: PAGE }, props: { web: trigger(", disableURLInternet: true") } };
  await withCloud(shut, {}, async (cloud) => {
    const domain = await cloud.fc.addDomain("pages.example.com", "web");
    expect(await browse(cloud.urls.http["web"] ?? "")).toBe("403 AccessDenied AccessDenied");
    expect(await browse(`${domain}/a`)).toBe("<p>pages.example.com/a</p>");
  });
});

test("the domains of a manifest serve the functions that name them", async ({ expect }) => {
  const domain = (path: string): string =>
    `customDomain: { domainName: kiln.example.com, protocol: HTTPS, certConfig: { certId: 1 }, route: { path: ${path} } }`;
  const code = { web: PAGE, api: "exports.handler = async () => 'api';" };
  const props = { web: `${trigger()}\n${domain("/*")}`, api: `${trigger()}\n${domain("/api/*")}` };
  await withCloud({ code, props }, {}, async (cloud) => {
    const url = cloud.urls.domains["kiln.example.com"] ?? "";
    expect(await browse(`${url}/page`)).toBe("<p>kiln.example.com/page</p>");
    expect(await browse(`${url}/api/page`)).toBe("api");
  });
});

const panel = (cloud: Cloud) => {
  const client = fc3(cloud);
  const routes = (path: string, methods: string[] = []) => ({
    routes: [{ path, functionName: "web", methods }],
  });
  return {
    client,
    create: (domainName: string, routeConfig: object) => {
      const body = new sdk.CreateCustomDomainInput({ domainName, protocol: "HTTP", routeConfig });
      return client.createCustomDomain(new sdk.CreateCustomDomainRequest({ body }));
    },
    update: (domainName: string, routeConfig: object) => {
      const body = new sdk.UpdateCustomDomainInput({ routeConfig });
      return client.updateCustomDomain(domainName, new sdk.UpdateCustomDomainRequest({ body }));
    },
    routes,
  };
};

test("a custom domain is made, changed and removed with the official client", async ({ expect }) => {
  await withCloud(WEB, {}, async (cloud) => {
    const { client, create, update, routes } = panel(cloud);
    await create("a.example.com", routes("/only"));
    const url = cloud.urls.domains["a.example.com"] ?? "";
    expect(await browse(`${url}/only`)).toBe("<p>a.example.com/only</p>");
    expect(await browse(`${url}/other`)).toBe("404 NotFound NotFound");
    await update("a.example.com", routes("/*", ["GET"]));
    expect(await browse(`${url}/other`)).toBe("<p>a.example.com/other</p>");
    expect(await browse(`${url}/other`, { method: "POST" })).toBe("403 FCCommonError FCCommonError");
    await expect(create("a.example.com", routes("/*"))).rejects.toMatchObject({
      code: "DomainNameAlreadyExists",
    });
    await expect(
      create("b.example.com", { routes: [{ path: "/*", functionName: "no" }] }),
    ).rejects.toMatchObject({
      code: "FunctionNotFound",
    });
    const list = await client.listCustomDomains(new sdk.ListCustomDomainsRequest({}));
    expect(list.body?.customDomains?.map(({ domainName }) => domainName)).toEqual(["a.example.com"]);
    await client.deleteCustomDomain("a.example.com");
    await expect(client.getCustomDomain("a.example.com")).rejects.toMatchObject({
      code: "DomainNameNotFound",
    });
    await expect(fetch(url)).rejects.toThrow("fetch failed");
    expect(cloud.urls.domains).toEqual({});
  });
});
