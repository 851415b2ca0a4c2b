// What a server says and refuses on hosts from which one mechanism after the other is taken away.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";

const root = resolve(import.meta.dirname, "..");
const canPlay = process.getuid() === 0 && spawnSync("unshare", ["--mount", "true"]).status === 0;
if (!canPlay) console.warn("Skipped: without root and namespaces no other host can be played");

/** The row of the table and what stands below it. */
function play(name) {
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts", "hosts.mjs"), name], {
    encoding: "utf8",
    timeout: 280_000,
  });
  const row = stdout.split("\n").find((line) => line.startsWith(`| ${name.replaceAll(", ", " | ")} |`));
  if (row === undefined) throw new Error(`${stdout}\n${stderr}`);
  const [, , , confinement, limits, idle, usual] = row.slice(2, -2).split(" | ");
  return { confinement, limits, idle, usual, notes: stdout.slice(stdout.indexOf(row) + row.length) };
}

const own = spawnSync("grep", ["-q", " cgroup rw.*,memory", "/proc/self/mounts"]).status === 0 ? "v1" : "v2";

(canPlay ? test : test.skip)(
  "without control groups limits are watched, nothing is frozen, both are said, and the usual settings refuse",
  () => {
    const { limits, idle, usual, notes } = play("root, none, allowed");
    expect([limits, idle, usual]).toEqual(["watched", "not frozen", "refuses"]);
    expect(notes).toMatch(/this host gives "watched", "enforced" is wanted/);
    expect(notes).toMatch(/limits degraded: control groups v\d: EROFS/);
    expect(notes).toMatch(/freezer degraded: idle services are not frozen: no control groups/);
  },
  300_000,
);

(canPlay ? test : test.skip)(
  "without user namespaces services are not confined in full, and the reason is that of the host",
  () => {
    const { confinement, notes } = play(`root, ${own}, refused`);
    expect(confinement).not.toBe("full");
    expect(notes).toMatch(/confinement degraded: .*No permissions to create new namespace/);
  },
  300_000,
);

(canPlay ? test : test.skip)(
  "without bubblewrap services are not confined in full, and the fix is its installation",
  () => {
    const { confinement, notes } = play(`root without bubblewrap, ${own}, allowed`);
    expect(confinement).not.toBe("full");
    expect(notes).toMatch(/confinement degraded: .*bubblewrap/);
    expect(notes).toMatch(/apt-get install bubblewrap/);
  },
  300_000,
);
