// All services in one process, each in a thread of its own.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { openQuestions } from "./questions.mjs";
import { behaviour } from "./service.mjs";

export async function open({ folder }) {
  const file = join(folder, "threaded.cjs");
  const serve = `const { parentPort } = require("node:worker_threads");
parentPort.on("message", async ({ id, method, text }) => parentPort.postMessage({ id, reply: await answer(method, text, require) }));`;
  writeFileSync(file, behaviour + serve);
  const services = new Map();
  return {
    async start(name) {
      const worker = new Worker(file);
      const questions = openQuestions((question) => worker.postMessage(question));
      worker.on("message", questions.answered);
      worker.on("error", () => {});
      worker.once("exit", questions.close);
      services.set(name, { worker, questions });
    },
    call: (name, method, text) => services.get(name).questions.ask({ method, text }),
    async end(name) {
      const { worker } = services.get(name);
      services.delete(name);
      await worker.terminate();
    },
    async close() {
      for (const name of services.keys()) await this.end(name);
    },
  };
}
