/**
 * A Chromium that is driven over a pipe, so that browser tests need no package. Commands are those of
 * https://chromedevtools.github.io/devtools-protocol/, as JSON that ends with a zero byte.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

type Fields = Readonly<Record<string, unknown>>;

/** One tab. */
export interface Tab {
  send(method: string, params?: Fields): Promise<Fields>;
  open(url: string): Promise<void>;
  /** The value of an expression, or of the promise that it is. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits until an expression is true. @throws Error after `forMs` */
  until(expression: string, forMs: number): Promise<void>;
  screenshot(): Promise<Buffer>;
}

type Send = (method: string, params?: Fields, sessionId?: string) => Promise<Fields>;

const ARGUMENTS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--remote-debugging-pipe",
];

/** Starts a browser with an empty profile. */
export async function startChromium(binary: string) {
  const profile = mkdtempSync(join(tmpdir(), "kiln-browser-"));
  const child = spawn(binary, [...ARGUMENTS, `--user-data-dir=${profile}`], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pipes, as asked for above
  const send = sender(child.stdio[3] as Writable, child.stdio[4] as Readable);
  const close = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true });
  };
  return { tab: () => newTab(send), close };
}

/** Sends commands and finds the answer of each by its number. */
function sender(input: Writable, output: Readable): Send {
  const waiting = new Map<number, (answer: Fields) => void>();
  let rest = "";
  output.setEncoding("utf8").on("data", (part: string) => {
    const messages = `${rest}${part}`.split("\0");
    rest = messages.pop() ?? "";
    for (const text of messages) {
      const message = JSON.parse(text);
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });
  let last = 0;
  return async (method, params = {}, sessionId) => {
    const id = ++last;
    const answer = await new Promise<Fields>((resolve) => {
      waiting.set(id, resolve);
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
    if (answer["error"] !== undefined) throw new Error(`${method}: ${JSON.stringify(answer["error"])}`);
    return Object(answer["result"]);
  };
}

async function newTab(browser: Send): Promise<Tab> {
  const { targetId } = await browser("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await browser("Target.attachToTarget", { targetId, flatten: true });
  const send: Tab["send"] = (method, params) => browser(method, params, String(sessionId));
  const evaluate: Tab["evaluate"] = async (expression) => {
    const found = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (found["exceptionDetails"] !== undefined) throw new Error(JSON.stringify(found["exceptionDetails"]));
    return Object(found["result"]).value;
  };
  const until: Tab["until"] = async (expression, forMs) => {
    for (const endAt = performance.now() + forMs; performance.now() < endAt;) {
      // A page that is just being replaced has no answer.
      if ((await evaluate(expression).catch(() => false)) === true) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(
      `not within ${forMs} ms: ${expression}; the page says ${String(await evaluate("document.body.innerText"))}`,
    );
  };
  const open: Tab["open"] = async (url) => {
    await send("Page.navigate", { url });
    await until(`document.readyState === "complete" && document.querySelector("main") !== null`, 30_000);
  };
  const screenshot = async () =>
    Buffer.from(
      String((await send("Page.captureScreenshot", { captureBeyondViewport: true }))["data"]),
      "base64",
    );
  return { send, evaluate, until, open, screenshot };
}
