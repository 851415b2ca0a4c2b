// All services in one workerd, each in an isolate of its own. Its configuration is fixed: another service is another process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathOf } from "../anchors/packages.mjs";
import { ask, untilAnswers } from "./over-http.mjs";
import { behaviour } from "./service.mjs";

export async function open({ folder }) {
  const names = new Set();
  const socketOf = (name) => join(folder, `${name}.sock`);
  let server;
  const stop = async () => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  };
  const restart = async () => {
    await stop();
    for (const name of names) rmSync(socketOf(name), { force: true });
    if (names.size === 0) return;
    writeFileSync(join(folder, "config.capnp"), configurationOf([...names], socketOf));
    server = spawn(pathOf("@cloudflare/workerd-linux-64/bin/workerd"), ["serve", join(folder, "config.capnp")], {
      stdio: "ignore",
    });
    server.on("error", () => {});
    await Promise.all([...names].map((name) => untilAnswers(socketOf(name))));
  };
  const serve = `
export default { async fetch(request) {
  try { return new Response(await answer(new URL(request.url).pathname.slice(1), await request.text(), (name) => import(name))); }
  catch (error) { return new Response(String(error), { status: 500 }); }
} };`;
  writeFileSync(join(folder, "service.mjs"), behaviour + serve);
  return {
    async start(name) {
      names.add(name);
      await restart();
    },
    call: (name, method, text) => ask(socketOf(name), method, text),
    async end(name) {
      names.delete(name);
      await restart();
    },
    close: stop,
  };
}

function configurationOf(names, socketOf) {
  const services = names.map((name) => `(name = "${name}", worker = .service)`);
  const sockets = names.map(
    (name) => `(name = "${name}", address = "unix:${socketOf(name)}", http = (), service = "${name}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [${services.join(", ")}], sockets = [${sockets.join(", ")}]);
const service :Workerd.Worker = (
  modules = [(name = "service", esModule = embed "service.mjs")],
  compatibilityDate = "2026-11-01",
);
`;
}
