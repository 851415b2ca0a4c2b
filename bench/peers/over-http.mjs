// Services that serve HTTP on unix sockets, one connection each that is kept.
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

export function ask(socketPath, method, text = "") {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, agent, method: "POST", path: `/${method}` }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk) => (body += chunk));
      response.once("end", () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))));
      response.once("error", reject);
    });
    asking.once("error", reject);
    asking.end(text);
  });
}

export async function untilAnswers(socketPath) {
  for (const untilMs = performance.now() + 20_000; ; ) {
    try {
      return await ask(socketPath, "echo", "ready");
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await delay(1);
    }
  }
}
