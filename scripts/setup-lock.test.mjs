import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { processStart, withLock } from "./setup-lock.mjs";

const module = JSON.stringify(new URL("./setup-lock.mjs", import.meta.url).href);
let folder;
let lock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "setup-lock-"));
  lock = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(code) {
  const script = `const { withLock } = await import(${module}); const lock = ${JSON.stringify(lock)}; ${code}`;
  return spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
}

test("processes that add to one number take turns, and none is lost", async () => {
  const file = join(folder, "number");
  writeFileSync(file, "0");
  const adders = Array.from({ length: 3 }, () =>
    run(`
      const { readFileSync, writeFileSync } = await import("node:fs");
      const { setImmediate: turn } = await import("node:timers/promises");
      for (let added = 0; added < 3; added++) {
        await withLock(lock, { onWait() {} }, async () => {
          const before = Number(readFileSync(${JSON.stringify(file)}, "utf8"));
          await turn();
          writeFileSync(${JSON.stringify(file)}, String(before + 1));
        });
      }`),
  );
  const codes = await Promise.all(adders.map(async (adder) => (await once(adder, "exit"))[0]));
  expect(codes).toEqual([0, 0, 0]);
  expect(readFileSync(file, "utf8")).toBe("9");
  expect(existsSync(lock)).toBe(false);
});

test("a lock whose holder was killed is taken at once", async () => {
  const holder = run(
    `withLock(lock, { onWait() {} }, () => { console.log("held"); return new Promise((r) => setTimeout(r, 60_000)); });`,
  );
  await once(holder.stdout, "data");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(existsSync(lock)).toBe(true);
  const waited = [];
  expect(await withLock(lock, { onWait: (pid) => waited.push(pid) }, async () => "mine")).toBe("mine");
  expect(waited).toEqual([]);
});

test("a process id that was given to another process since does not hold the lock", async () => {
  writeFileSync(lock, `${process.pid} 1`);
  expect(await withLock(lock, { onWait() {} }, async () => readFileSync(lock, "utf8"))).toBe(
    `${process.pid} ${processStart(process.pid)}`,
  );
});

test("the lock is let go when the work fails", async () => {
  await expect(withLock(lock, { onWait() {} }, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(lock)).toBe(false);
});
