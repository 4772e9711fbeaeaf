/** The control obeys programs of this machine, and no page that a browser of this machine shows. */
import type { WireRequest } from "../core/kernel.ts";
import { header } from "../core/signatures.ts";

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/i;

function hostOf(address: string): string {
  try {
    return new URL(address).hostname;
  } catch {
    return "";
  }
}

/**
 * Why a request is refused; undefined when it is not. The server listens on 127.0.0.1, so its sender is on this machine. A
 * page whose name leads here says that name in `Host`, and one of another site its own in `Origin`.
 */
export function refusalOf(request: WireRequest): string | undefined {
  const [host, origin] = [header(request, "host"), header(request, "origin")];
  if (!LOOPBACK.test(hostOf(`http://${host}`))) {
    return `Host: ${host} is not this machine; send the request to 127.0.0.1 or localhost`;
  }
  if (origin !== "" && !LOOPBACK.test(hostOf(origin))) {
    return `Origin: ${origin} is not this machine; the control takes no requests of other sites`;
  }
  return undefined;
}
