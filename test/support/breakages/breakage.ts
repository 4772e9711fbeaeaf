/** A broken deployment: one thing that breaks, and the finding of the doctor. */
import { CloudFault } from "../../cloud/index.ts";
import { NEW_BUCKET } from "../shell.ts";
import type { Examination, Hospital } from "../doctor.ts";

export type Undo = () => unknown;

export interface Breakage {
  readonly check: string;
  readonly says: RegExp;
  /** Breaks one thing; answers how to mend it. */
  readonly breaks?: (hospital: Hospital) => Undo | Promise<Undo>;
  readonly examination?: Examination | ((hospital: Hospital) => Examination);
}

/** A setting of the bucket. */
export const setting =
  (name: string, xml: string) =>
  ({ cloud }: Hospital): Undo => {
    const key = `${NEW_BUCKET} ${name}`;
    const before = cloud.oss.settings.get(key);
    cloud.oss.settings.set(key, xml);
    return () =>
      before === undefined ? cloud.oss.settings.delete(key) : cloud.oss.settings.set(key, before);
  };

/** Calls that are refused. */
export const fault =
  (
    product: "ecs" | "fc" | "oss" | "cms",
    action: string,
    when?: (params: Readonly<Record<string, string>>, n: number) => boolean,
  ) =>
  ({ cloud }: Hospital): Undo =>
    cloud.faults.add({
      product,
      action,
      kind: "before",
      fault: new CloudFault(403, "Broken", "This is broken."),
      ...(when && { when }),
    });

/** A change through the API of Function Compute, and the change that takes it back. */
export const changed =
  (path: string, body: object, back: object, query: Readonly<Record<string, string>> = {}) =>
  async ({ api }: Hospital): Promise<Undo> => {
    await api.fc("PUT", path, query, body);
    return () => api.fc("PUT", path, query, back);
  };

/** An object of the bucket. */
export const written =
  (key: string, text: string) =>
  ({ cloud }: Hospital): Undo => {
    const before = cloud.oss.find(NEW_BUCKET, key)?.body;
    cloud.oss.put(NEW_BUCKET, key, text);
    return () =>
      before === undefined ? cloud.oss.delete(NEW_BUCKET, key) : cloud.oss.put(NEW_BUCKET, key, before);
  };
