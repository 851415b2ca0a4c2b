// What is shipped for container engines and systemd. No engine runs here: its files are linted, and what the image is built by
// and started with is done by hand.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { validate } from "dockerfile-utils";
import { anywhere, launchServer } from "./server-process.mjs";

const root = resolve(import.meta.dirname, "..");
const packaging = join(root, "packaging");
const dockerfile = readFileSync(join(packaging, "Dockerfile"), "utf8");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "solo-packaging-")));
const image = join(folder, "opt");

beforeAll(() => {
  const left = ignored();
  cpSync(root, image, { recursive: true, filter: (path) => !left(path.slice(root.length + 1)) });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the Dockerfile has no fault, runs as nobody special, and asks the command for its health", () => {
  expect(validate(dockerfile).map(({ message }) => message)).toEqual([]);
  const [, last] = dockerfile.split(/^FROM .*$/m).slice(1);
  expect(last).toMatch(/^USER solo$/m);
  expect(last).toMatch(/^HEALTHCHECK .*\["solo", "doctor"\]$/m);
});

test("the compose file is one by its schema, and has no fault", () => {
  const disabled = ["service-keys-order", "require-quotes-in-ports"].flatMap((rule) => ["--disable-rule", rule]);
  const file = join(packaging, "compose.yaml");
  const env = { PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
  const linted = spawnSync("dclint", [file, ...disabled], { encoding: "utf8", env });
  expect([linted.status, linted.stdout.trim()]).toEqual([0, ""]);
});

const knowsUnits = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!knowsUnits) console.warn("Skipped: without systemd-analyze its unit cannot be checked");

(knowsUnits ? test : test.skip)("systemd takes the unit, and every setting of it", () => {
  // What it starts must be there.
  const unit = join(folder, "solo-server.service");
  writeFileSync(unit, readFileSync(join(packaging, "solo-server.service"), "utf8").replaceAll("/opt/solo", root));
  const checked = spawnSync("systemd-analyze", ["verify", "--man=no", unit], { encoding: "utf8" });
  // It also looks at units of the host that this one stands on, which are not ours to mend.
  expect(checked.stderr.split("\n").filter((line) => line.includes("solo-server.service"))).toEqual([]);
});

test("what the image is built by leaves all that the server, the command and the entry point need", async () => {
  const steps = /^RUN (npm run build (?:.*\\\n)*.*)$/m.exec(dockerfile)?.[1]?.replaceAll("\\\n", " ") ?? "";
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const built = spawnSync("sh", ["-euc", steps], { cwd: image, env, encoding: "utf8" });
  expect([built.status, built.stderr]).toEqual([0, expect.anything()]);

  const data = join(folder, "data");
  const server = await launchServer({ root: image, dataFolder: data, args: anywhere });
  try {
    const doctor = ["doctor", "--profile", join(data, "profiles/admin")];
    const asked = spawnSync(process.execPath, [join(image, "packages/cli/bin/solo.mjs"), ...doctor], {
      encoding: "utf8",
    });
    expect(asked.stdout).toMatch(/^server +\S+ at /m);
    expect(asked.status).toBe(0);
  } finally {
    await server.stop();
  }
}, 300_000);

/** Whether `.dockerignore` leaves a path out; the kinds of pattern that stand in it are all that is understood. */
function ignored() {
  const patterns = readFileSync(join(packaging, "Dockerfile.dockerignore"), "utf8").trim().split("\n");
  const anywhereBelow = patterns.filter((pattern) => pattern.startsWith("**/")).map((pattern) => pattern.slice(3));
  return (path) =>
    path.split("/").some((name, depth) => {
      if (depth === 0 && patterns.includes(name)) return true;
      return anywhereBelow.some((pattern) =>
        pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern,
      );
    });
}
