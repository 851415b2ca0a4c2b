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
export async function startProxy({ root: checkout }) {
  const folder = mkdtempSync(join(tmpdir(), "solo-bench-proxy-"));
  const socketPath = join(folder, "http.sock");
  const file = join(folder, "serve.js");
  writeFileSync(
    file,
    `${handler.replace("export default", "const handler =")}Bun.serve({ unix: ${JSON.stringify(socketPath)}, ...handler }); console.log("ready");\n`,
  );
  const { root, server, client } = await makeCertificates();
  const bun = spawn(bunOf(checkout), [file], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface({ input: bun.stdout }), "line");
  const proxy = spawn(process.execPath, [join(import.meta.dirname, "proxy-server.mjs")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  proxy.stdin.end(JSON.stringify({ root, ...server, socketPath }));
  const [port] = await once(createInterface({ input: proxy.stdout }), "line");
  const getter = openGetter({ port: Number(port), path: "/", ca: root, cert: client.certificate, key: client.key });
  return {
    get: getter.get,
    async close() {
      getter.close();
      bun.kill("SIGKILL");
      proxy.kill("SIGKILL");
      await Promise.all([once(bun, "exit"), once(proxy, "exit")]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The service that answers as the bare server does. */
export const fetchSource = handler;

/** One path, asked over connections that stay open. */
export function openGetter({ port, path, ca, cert, key }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    get: () =>
      new Promise((settle, reject) => {
        const asked = request(
          { host: "127.0.0.1", servername: "localhost", port, path, agent, ca, cert, key },
          (answer) => {
            answer.on("error", reject);
            answer.resume().on("end", settle);
          },
        );
        asked.on("error", reject);
        asked.end();
      }),
    close: () => agent.destroy(),
  };
}

function bunOf(checkout) {
  const store = join(checkout, "node_modules/.pnpm");
  const found = readdirSync(store).find((name) => /^@oven\+bun-linux-(x64|aarch64)@/.test(name));
  const [, architecture] = /^@oven\+bun-linux-(x64|aarch64)@/.exec(found ?? "") ?? [];
  return join(store, found, "node_modules/@oven", `bun-linux-${architecture}`, "bin/bun");
}
