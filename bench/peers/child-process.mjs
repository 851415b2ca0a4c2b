// Each service in a process of its own by `child_process.fork`, spoken to by Node's own channel.
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openQuestions } from "./questions.mjs";
import { behaviour } from "./service.mjs";

export async function open({ folder }) {
  const file = join(folder, "forked.cjs");
  const serve = `process.on("message", async ({ id, method, text }) => process.send({ id, reply: await answer(method, text, require) }));`;
  writeFileSync(file, behaviour + serve);
  const services = new Map();
  return {
    async start(name) {
      const child = fork(file, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
      const questions = openQuestions((question) => child.send(question));
      child.on("message", questions.answered);
      child.on("error", () => {});
      child.once("exit", questions.close);
      services.set(name, { child, questions });
    },
    call: (name, method, text) => services.get(name).questions.ask({ method, text }),
    async end(name) {
      const { child } = services.get(name);
      services.delete(name);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    async close() {
      for (const name of services.keys()) await this.end(name);
    },
  };
}
