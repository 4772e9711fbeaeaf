/** What ImportImage needs to know about objects. */
export interface ObjectLookup {
  find(bucket: string, key: string): { readonly body: Buffer } | undefined;
}
