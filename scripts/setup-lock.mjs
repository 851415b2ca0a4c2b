// One set-up at a time in a checkout, however many commands were started at once. Runs on Node 18 and later.
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits until no other live process holds `path`, then holds it while `work` runs.
 *
 * A holder that died without letting go (kill -9, power) is noticed and replaced at once.
 *
 * @template T
 * @param {string} path
 * @param {{ onWait: (holder: string) => void }} options `onWait` is called once, before the first wait.
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, { onWait }, work) {
  mkdirSync(dirname(path), { recursive: true });
  const token = `${process.pid} ${processStart(process.pid)}`;
  let told = false;
  while (!tryCreate(path, token)) {
    const holder = readIfThere(path);
    if (holder === undefined) continue;
    if (isAlive(holder)) {
      if (!told) onWait(holder.split(" ")[0]);
      told = true;
      await delay(100);
    } else {
      removeDead(path, token);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Creates the file together with its content, so that nobody ever reads an empty lock. */
function tryCreate(path, content) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes a lock whose holder is dead. Two waiters may find it dead together, and the slower one must not remove the
 * lock that the faster one has taken since: so the look and the removal happen under a lock of their own. Those take
 * microseconds; one that is ten seconds old was left by a process that died in between.
 */
function removeDead(path, token) {
  const guard = `${path}.clearing`;
  if (!tryCreate(guard, token)) {
    const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 10_000) rmSync(guard, { force: true });
    return;
  }
  try {
    const holder = readIfThere(path);
    if (holder !== undefined && !isAlive(holder)) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // ESRCH: a process that ended while its file was read.
    if (error.code === "ENOENT" || error.code === "ESRCH") return undefined;
    throw error;
  }
}

function isAlive(token) {
  const [pid, start] = token.split(" ");
  return processStart(Number(pid)) === start;
}

/**
 * When a process was started, in clock ticks since boot; together with its id it names a process for good, since ids
 * are used again.
 *
 * @param {number | string} pid
 * @returns {string | undefined} Undefined when there is no such process, or only its exit code is left of it.
 */
export function processStart(pid) {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold spaces; the state is the third, the start the 22nd.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}
