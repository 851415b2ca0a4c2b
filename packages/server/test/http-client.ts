import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { Credentials } from "./client.ts";

/** An answer over HTTP, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says is looked into by each test
  readonly json: any;
}

export type Asked = Pick<RequestOptions, "method" | "headers"> & { readonly body?: string | Buffer };

/** A plain HTTPS client with a certificate, or of one that only knows whom to trust. */
export function httpClient(address: string, given: Credentials | Pick<Credentials, "root">) {
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  const tls =
    "key" in given ? { ca: given.root, cert: given.certificate, key: given.key } : { ca: given.root, agent: false };
  const open = (path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const asked = request(
        { host: "127.0.0.1", servername: "localhost", port, path, method, headers, ...tls },
        resolve,
      );
      asked.on("error", reject);
      asked.end(body);
    });
  const ask = async (path: string, asked: Asked = {}): Promise<Answer> => {
    const answer = await open(path, asked);
    let text = "";
    for await (const chunk of answer.setEncoding("utf8")) text += chunk;
    const isJson = /json/.test(answer.headers["content-type"] ?? "");
    return {
      status: answer.statusCode ?? 0,
      headers: answer.headers,
      text,
      json: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  };
  /** Opens as many, a few at a time: on a busy machine each handshake has its ten seconds all the same. */
  const openMany = async (path: string, count: number, asked: Asked = {}): Promise<readonly IncomingMessage[]> => {
    const opened: IncomingMessage[] = [];
    while (opened.length < count) {
      const group = Array.from({ length: Math.min(32, count - opened.length) }, () => open(path, asked));
      opened.push(...(await Promise.all(group)));
    }
    return opened;
  };
  return { ask, open, openMany };
}

/** Reads server-sent events until `enough` of them are there or the stream ends. */
export async function readEvents(
  answer: IncomingMessage,
  enough: number,
): Promise<readonly { readonly id?: string; readonly event?: string; readonly data: string }[]> {
  const found: { id?: string; event?: string; data: string }[] = [];
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = text
        .slice(0, end)
        .split("\n")
        .filter((line) => !line.startsWith(":"));
      text = text.slice(end + 2);
      if (fields.length === 0) continue;
      found.push(
        Object.fromEntries(fields.map((line) => [line.split(": ")[0], line.slice(line.indexOf(": ") + 2)])) as never,
      );
      if (found.length === enough) {
        answer.destroy();
        return found;
      }
    }
  }
  return found;
}
