import { STATUS_CODES } from "node:http";
import { type Problem, problemType } from "./problem.ts";

/** An answer by hand, to what no request was read of, behind which the connection ends. */
export function lastWords({ headers, body }: Problem, status: number): string {
  const payload = JSON.stringify({ ...body, status });
  const head = Object.entries({
    ...headers,
    connection: "close",
    "content-type": problemType,
    "content-length": Buffer.byteLength(payload),
  });
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...head.map(([name, value]) => `${name}: ${value}`)];
  return `${lines.join("\r\n")}\r\n\r\n${payload}`;
}
