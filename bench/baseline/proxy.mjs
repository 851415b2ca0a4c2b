import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { makeCertificates } from "./certificates.mjs";

/** Answers every request with a short text. */
const handler = `export default { fetch: () => new Response("hello") };\n`;

/**
 * Starts Bun on a unix socket with the handler of {@link fetchSource}, and the bare proxy before it.
 *
 * @returns `get()` is one request through the proxy. The caller must await `close()`.
 */
export async function startProxiedBun({ root }) {
  const folder = mkdtempSync(join(tmpdir(), "solo-bench-proxy-"));
  const socketPath = join(folder, "http.sock");
  const file = join(folder, "serve.js");
  writeFileSync(
    file,
    `${handler.replace("export default", "const handler =")}Bun.serve({ unix: ${JSON.stringify(socketPath)}, ...handler }); console.log("ready");\n`,
  );
  const bun = spawn(bunOf(root), [file], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface({ input: bun.stdout }), "line");
  const proxy = await startProxy({ socketPath });
  return {
    ...proxy,
    async close() {
      await proxy.close();
      bun.kill("SIGKILL");
      await once(bun, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts the bare proxy before whoever serves on a unix socket.
 *
 * @returns `get()` and `post()` are one request through the proxy. The caller must await `close()`.
 */
export async function startProxy({ socketPath }) {
  const { root, server, client } = await makeCertificates();
  const proxy = spawn(process.execPath, [join(import.meta.dirname, "proxy-server.mjs")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  proxy.stdin.end(JSON.stringify({ root, ...server, socketPath }));
  const [port] = await once(createInterface({ input: proxy.stdout }), "line");
  const asker = openAsker({ port: Number(port), path: "/", ca: root, cert: client.certificate, key: client.key });
  return {
    ...asker,
    async close() {
      asker.close();
      proxy.kill("SIGKILL");
      await once(proxy, "exit");
    },
  };
}

/** The service that answers as the bare server does. */
export const fetchSource = handler;

/** One path, asked over connections that stay open. */
export function openAsker({ port, path, ca, cert, key }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const ask = (method, body) =>
    new Promise((settle, reject) => {
      const asked = request(
        { host: "127.0.0.1", servername: "localhost", method, port, path, agent, ca, cert, key },
        (answer) => {
          answer.on("error", reject);
          answer
            .resume()
            .on("end", () =>
              answer.statusCode === 200 ? settle() : reject(new Error(`Answered with ${answer.statusCode}`)),
            );
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  return { get: () => ask("GET"), post: () => ask("POST", "0123456789abcdef"), close: () => agent.destroy() };
}

/** The Bun that a checkout has installed. */
export function bunOf(checkout) {
  const store = join(checkout, "node_modules/.pnpm");
  const found = readdirSync(store).find((name) => /^@oven\+bun-linux-(x64|aarch64)@/.test(name));
  const [, architecture] = /^@oven\+bun-linux-(x64|aarch64)@/.exec(found ?? "") ?? [];
  return join(store, found, "node_modules/@oven", `bun-linux-${architecture}`, "bin/bun");
}
