/** placeholder, the table follows */
import type { CloudProduct, ErrorKind } from "../errors.ts";

export interface CodeRow {
  readonly match: string;
  readonly kind: ErrorKind;
  readonly actions?: readonly string[];
  readonly hint: (product: CloudProduct, action: string) => string;
}

export const CODES: readonly CodeRow[] = [];
