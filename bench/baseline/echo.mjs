import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client, credentials } from "@grpc/grpc-js";
import { makeCertificates } from "./certificates.mjs";
import { echoMethod, echoStreamMethod } from "./echo-method.mjs";

/**
 * Starts the bare mTLS echo server in its own process and connects to it: what every number of ours is set beside.
 *
 * @returns `call(bytes)` is one unary round trip; `stream()` opens a conversation whose `call(bytes)` is one message there and
 *   back. The caller must await `close()`.
 */
export async function startEcho() {
  const { root, server, client } = await makeCertificates();
  const child = spawn(process.execPath, [join(import.meta.dirname, "echo-server.mjs")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  try {
    child.stdin.end(JSON.stringify({ root, ...server }));
    const [port] = await Promise.race([
      once(createInterface({ input: child.stdout }), "line"),
      exited.then(([code]) => {
        throw new Error(`The echo server ended with exit code ${code}`);
      }),
    ]);
    const secure = credentials.createSsl(Buffer.from(root), Buffer.from(client.key), Buffer.from(client.certificate));
    // A name, since TLS has no server names that are addresses.
    const stub = new Client(`127.0.0.1:${port}`, secure, { "grpc.ssl_target_name_override": "localhost" });
    const { path, requestSerialize, responseDeserialize } = echoMethod;
    return {
      call: (bytes) =>
        new Promise((settle, reject) => {
          const answered = (error, reply) => (error ? reject(error) : settle(reply));
          stub.makeUnaryRequest(path, requestSerialize, responseDeserialize, bytes, answered);
        }),
      stream() {
        const { path, requestSerialize, responseDeserialize } = echoStreamMethod;
        const conversation = stub.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
        // Echoes come in order.
        const waiting = [];
        conversation.on("data", (bytes) => waiting.shift()(bytes));
        conversation.on("error", () => {});
        return {
          call: (bytes) =>
            new Promise((settle) => {
              waiting.push(settle);
              conversation.write(bytes);
            }),
          end: () => conversation.end(),
        };
      },
      async close() {
        stub.close();
        child.kill("SIGKILL");
        await exited;
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}
