/** Packages of functions under URLs that count for a while, as GetFunctionCode answers them. */
import type { Kernel, WireRequest, WireResponse } from "../core/kernel.ts";
import type { Address, OpenAddress } from "./addresses.ts";

const COUNTS_MS = 10 * 60_000;

export class Downloads {
  readonly #kernel: Kernel;
  readonly #listen: OpenAddress;
  readonly #archives = new Map<string, { readonly archive: Buffer; readonly untilAt: number }>();
  #address: Promise<Address> | undefined;

  constructor(kernel: Kernel, listen: OpenAddress) {
    this.#kernel = kernel;
    this.#listen = listen;
  }

  async urlOf(archive: Buffer): Promise<string> {
    const { url } = await (this.#address ??= this.#listen((request) =>
      Promise.resolve(this.#serve(request)),
    ));
    const token = this.#kernel.id("code-");
    this.#archives.set(`/${token}`, { archive, untilAt: this.#kernel.time.now() + COUNTS_MS });
    return `${url}/${token}`;
  }

  #serve({ url }: WireRequest): WireResponse {
    const found = this.#archives.get(url);
    return found !== undefined && this.#kernel.time.now() < found.untilAt
      ? { status: 200, headers: { "content-type": "application/zip" }, body: found.archive }
      : { status: 403, headers: {}, body: "<Error><Code>AccessDenied</Code></Error>" };
  }
}
