/** What ImportImage needs to know about objects. */
export interface ObjectLookup {
  find(bucket: string, key: string): { size: number; etag: string } | undefined;
}
