// What one host gives, told in one line of JSON: a real server is started, asked by `solo doctor`, and has to run a service.
// `npm run hosts` calls it in each of its hosts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { launchServer } from "../server-process.mjs";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "solo-host-"));
// As long as an emulated processor may take.
const readyWithinMs = 600_000;
const usual = ["--port", "0", "--http-port", "0", "--service-start-timeout", "1m"];
const row = { starts: false, confinement: "", limits: "", serves: false, checks: [], byDefault: "" };
let server;
try {
  const least = ["--isolation-minimum", "best", "--limits-minimum", "best"];
  server = await launchServer({ root, dataFolder: folder, args: [...usual, ...least], readyWithinMs });
  row.starts = true;
  Object.assign(row, { confinement: server.ready.confinement, limits: server.ready.limits });
  for (const line of solo("doctor", "--json").trim().split("\n")) {
    const { check } = JSON.parse(line);
    if (check !== undefined) row.checks.push(check);
  }
  solo("deploy", join(root, "examples", "counter", "counter.ts"), "--json");
  solo("call", "counter", "add", "2", "--json");
  row.serves = true;
} catch (error) {
  row.failure = `${error.message} ${error.output ?? ""} ${error.stderr ?? ""}`.trim().slice(-600);
} finally {
  await server?.stop();
}
try {
  const strict = await launchServer({ root, dataFolder: folder, args: usual, readyWithinMs });
  await strict.stop();
  row.byDefault = "starts";
} catch (error) {
  row.byDefault = /Cannot start solo-server: (.*)/.exec(error.output ?? "")?.[1] ?? error.message;
}
rmSync(folder, { recursive: true, force: true });
console.log(`ROW ${JSON.stringify(row)}`);

function solo(...args) {
  const bin = join(root, "packages", "cli", "bin", "solo.mjs");
  return execFileSync(
    process.execPath,
    [bin, "--profile", server.ready.profile, "--address", server.ready.grpc, "--timeout", "5m", ...args],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
}
