/** An operator who opens links in a browser and pastes commands into a shell. */
import { execFile } from "node:child_process";
import { request } from "node:http";
import { promisify } from "node:util";
import type { Deployment } from "./deployment.ts";

/** The part of an answer that a browser shows: the source of a page, or nothing of a file that it downloads. */
export interface Seen {
  readonly status: number;
  readonly text: string;
  readonly isDownload: boolean;
}

const webhookOf = ({ cloud }: Deployment): string => cloud.urls.http["kiln-webhook"] ?? "";

/** Opens a link, or clicks a button of its page; the world must be running, or settle beside it. */
export function browse(kiln: Deployment, link: string, decision?: string): Promise<Seen> {
  const { host, pathname } = new URL(link);
  const form = decision === undefined ? "" : `decision=${decision}`;
  const seen = new Promise<Seen>((resolve, reject) => {
    const headers = {
      host,
      accept: "text/html,application/xhtml+xml,*/*;q=0.8",
      ...(form !== "" && { "content-type": "application/x-www-form-urlencoded" }),
    };
    const outgoing = request(
      new URL(pathname, webhookOf(kiln)),
      { method: form === "" ? "GET" : "POST", headers },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => {
          const { "content-disposition": disposition = "inline", "content-type": type = "" } =
            incoming.headers;
          const isDownload = disposition.startsWith("attachment") || !type.startsWith("text/html");
          const text = isDownload ? "" : Buffer.concat(chunks).toString();
          resolve({ status: incoming.statusCode ?? 0, text, isDownload });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(form);
  });
  return kiln.cloud.time.hold(seen);
}

const shell = promisify(execFile);

/** Pastes a command, whose address is that of this deployment, into a shell and returns what it prints. */
export async function paste(kiln: Deployment, command: string): Promise<string> {
  const here = command.replace(/https:\/\/[\w.-]+\.fcapp\.run/, webhookOf(kiln));
  const printed = shell("sh", ["-c", here], { env: { PATH: process.env["PATH"] } });
  return (await kiln.cloud.time.hold(printed)).stdout;
}
