// Each service in a process of its own under pm2, which starts it again when it ends.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { load } from "../anchors/packages.mjs";
import { ask, untilAnswers } from "./over-http.mjs";
import { behaviour } from "./service.mjs";

export async function open({ folder }) {
  process.env.PM2_HOME = join(folder, "pm2");
  const { default: pm2 } = await load("pm2");
  const script = join(folder, "served.cjs");
  const serve = `require("node:http").createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", async () => response.end(await answer(request.url.slice(1), body, require)));
}).listen(process.argv[2]);`;
  writeFileSync(script, behaviour + serve);
  const socketOf = (name) => join(folder, `${name}.sock`);
  await promisify(pm2.connect.bind(pm2))();
  const [start, end, kill] = [pm2.start, pm2.delete, pm2.killDaemon].map((method) => promisify(method.bind(pm2)));
  return {
    async start(name) {
      rmSync(socketOf(name), { force: true });
      await start({ script, name, args: [socketOf(name)], output: "/dev/null", error: "/dev/null" });
      await untilAnswers(socketOf(name));
    },
    call: (name, method, text) => ask(socketOf(name), method, text),
    end,
    async close() {
      await kill();
      pm2.disconnect();
    },
  };
}
