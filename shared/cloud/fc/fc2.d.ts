/** The part of @alicloud/fc2 that Kiln and its tests use; the package has no types. */
declare module "@alicloud/fc2/lib/client.js" {
  export default class Client {
    constructor(
      accountId: string,
      config: {
        readonly accessKeyID: string;
        readonly accessKeySecret: string;
        readonly securityToken: string;
        readonly region: string;
        readonly endpoint: string;
        readonly timeout: number;
      },
    );
    version: string;
    securityToken: string | undefined;
    post(
      path: string,
      body: string,
      headers: Readonly<Record<string, string>>,
      query: Readonly<Record<string, string>>,
    ): Promise<unknown>;
    get(
      path: string,
    ): Promise<{ readonly data: { readonly environmentVariables: Readonly<Record<string, string>> } }>;
    put(path: string, body: object): Promise<unknown>;
  }
}
