import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { NewEvent } from "../../ports/event-log.ts";
import type { Storage } from "../../ports/storage.ts";
import { openSqliteStorage, type SqliteStorageOptions } from "./sqlite-storage.ts";

let place: string;
/** The data folder; made by the storage. */
let folder: string;
let nowMs: number;
let opened: Storage[];
let started: ChildProcess[];

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "solo-storage-"));
  folder = join(place, "data");
  nowMs = 1_000_000;
  opened = [];
  started = [];
});
afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  for (const storage of opened) await storage.close();
  rmSync(place, { recursive: true });
});

async function open(options: Partial<SqliteStorageOptions> = {}): Promise<Storage> {
  const storage = await openSqliteStorage({ folder, clock: { wallMs: () => nowMs }, ...options });
  opened.push(storage);
  return storage;
}

function event(correlationId: string): NewEvent {
  return { body: { type: "service.killed", serviceId: "a", version: 1 }, correlationId, actor: "kernel" };
}

const record = (key: string) => ({ collection: "service" as const, key });

describe("the write-ahead log", () => {
  const log = () => statSync(join(folder, "solo.db-wal")).size;

  test("has its full length at once, which no commit changes", async () => {
    const storage = await open();
    const before = log();
    for (let round = 0; round < 50; round += 1) {
      await storage.state.commit({ tenant: "acme", events: [event(`${round}`)] });
    }
    expect(before).toBeGreaterThanOrEqual(16 * 1024 * 1024);
    expect(log()).toBe(before);
  });

  test("gives all that was acknowledged, where the process left it behind", async () => {
    const storage = await open();
    for (const id of ["a", "b", "c"]) await storage.state.commit({ tenant: "acme", events: [event(id)] });
    const left = join(place, "left");
    mkdirSync(left);
    for (const file of ["solo.db", "solo.db-wal"]) copyFileSync(join(folder, file), join(left, file));

    const next = await open({ folder: left });
    await next.state.commit({ tenant: "acme", events: [event("d")] });
    const events = await next.events.read({ tenant: "acme", after: 0, limit: 10 });
    expect(events.map(({ correlationId }) => correlationId)).toEqual(["a", "b", "c", "d"]);
  });
});

describe("the data folder", () => {
  test("keeps everything from one open to the next", async () => {
    const first = await open();
    await first.state.commit({
      tenant: "acme",
      events: [event("a")],
      puts: [{ ...record("a"), value: Buffer.from("kept") }],
    });
    const small = await first.artifacts.put(Buffer.from("small"));
    const large = await first.artifacts.put(new Uint8Array(100_000));
    await first.close();

    const second = await open();
    expect(await second.events.read({ tenant: "acme", after: 0, limit: 10 })).toMatchObject([
      { sequence: 1, correlationId: "a" },
    ]);
    expect((await second.state.get("acme", record("a")))?.value).toEqual(new Uint8Array(Buffer.from("kept")));
    expect(Buffer.from(await second.artifacts.get(small)).toString()).toBe("small");
    expect(await second.artifacts.get(large)).toHaveLength(100_000);
    expect((await second.state.commit({ tenant: "acme", events: [event("b")] })).sequences).toEqual([2]);
  });

  test("is for this user alone", async () => {
    const storage = await open();
    await storage.artifacts.put(new Uint8Array(100_000));
    await storage.state.commit({ tenant: "acme", events: [event("a")] });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
      expect([entry.name, mode]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
    }
  });

  test("is refused to a second storage of the same process, and stays with the first", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: "FOLDER_IN_USE", folder, pid: process.pid });
    // POSIX drops a process's locks on a file when it closes any descriptor of it: another process must still be refused.
    const other = startProcess(holdFolder);
    expect(await other.nextLine()).toBe(`refused FOLDER_IN_USE ${process.pid}`);
    await first.close();
    await expect(open()).resolves.toBeDefined();
  });

  test("is refused while another process holds it, and free at once when that one is killed", async () => {
    const holder = startProcess(holdFolder);
    expect(await holder.nextLine()).toBe("holding");
    await expect(open()).rejects.toMatchObject({ code: "FOLDER_IN_USE", pid: holder.process.pid });
    await holder.kill();
    await expect(open()).resolves.toBeDefined();
  });

  test("is left alone when a newer server wrote it", async () => {
    await (await open()).close();
    withDatabase((database) => database.exec("PRAGMA user_version = 99"));
    await expect(open()).rejects.toMatchObject({ code: "STORAGE_SCHEMA_TOO_NEW", found: 99, newestKnown: 2 });
    withDatabase((database) => expect(database.prepare("PRAGMA user_version").get()).toEqual({ user_version: 99 }));
  });

  test("with a file that is no database is refused with the reason, and not held", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "solo.db"), "no database".repeat(1_000));
    for (const _ of ["first", "second"]) {
      await expect(open()).rejects.toMatchObject({
        code: "STORAGE_OPEN_FAILED",
        folder,
        message: expect.stringContaining("file is not a database"),
      });
    }
  });

  test("that is a file is refused with the reason", async () => {
    writeFileSync(folder, "");
    await expect(open()).rejects.toMatchObject({ code: "STORAGE_OPEN_FAILED", folder, cause: { code: "EEXIST" } });
  });

  test("loses expired records some time after they became invisible", async () => {
    const storage = await open();
    const puts = ["a", "b"].map((key) => ({ ...record(key), value: new Uint8Array(1), expiresAtMs: nowMs + 10 }));
    await storage.state.commit({ tenant: "acme", events: [], puts });
    nowMs += 10;
    await storage.state.commit({ tenant: "other", events: [event("a")] });
    await storage.close();
    withDatabase((database) =>
      expect(database.prepare("SELECT count(*) AS count FROM record").get()).toEqual({ count: 0 }),
    );
  });
});

describe("kill -9 under load", () => {
  const kills = Number(process.env.SOLO_STORAGE_KILLS ?? 5);

  test(`loses nothing that was acknowledged and leaves no half of a transaction, ${kills} times`, async () => {
    const acknowledged = new Map<string, number>();
    const artifacts: string[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const writer = startProcess(writeUntilKilled, `round${kill}`);
      const lines = writer.lines[Symbol.asyncIterator]();
      // A point that moves from kill to kill, so that a sync, a checkpoint or an artifact is what is interrupted.
      for (let count = 0; count < 40 + ((kill * 137) % 400); count++) await keep((await lines.next()).value as string);
      const killed = writer.kill();
      for (let line = await lines.next(); !line.done; line = await lines.next()) await keep(line.value);
      await killed;

      const storage = await open();
      const events = await storage.events.read({ tenant: "acme", after: 0, limit: 1_000_000 });
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      expect(await storage.events.head("acme")).toBe(events.length);
      // A transaction is named "round/producer/number" and has three events and one record.
      const eventsOf = Map.groupBy(events, ({ correlationId }) => correlationId);
      for (const [name, sequence] of acknowledged)
        expect([name, eventsOf.get(name)?.[0]?.sequence]).toEqual([name, sequence]);
      for (const [name, its] of eventsOf) expect([name, its.length]).toEqual([name, 3]);
      const newest = new Map([...eventsOf.keys()].map((name) => [name.slice(0, name.lastIndexOf("/")), name]));
      const records = await storage.state.list({ tenant: "acme", collection: "service", limit: 10_000 });
      expect(new Map(records.map(({ key, value }) => [key, Buffer.from(value).toString()]))).toEqual(newest);
      for (const sha256 of artifacts) expect((await storage.artifacts.get(sha256)).length).toBeGreaterThan(0);
      await storage.close();
    }
    expect(acknowledged.size).toBeGreaterThan(kills * 30);

    async function keep(line: string): Promise<void> {
      const [kind, name, sequence] = line.split(" ") as [string, string, string];
      if (kind === "transaction") acknowledged.set(name, Number(sequence));
      else artifacts.push(name);
    }
  });
});

describe("no space", () => {
  test("fails the commit whole, spares its neighbours, and ends when space is made", async () => {
    const storage = await open({ maxDatabaseBytes: 1024 * 1024 });
    const fill = (key: string, size: number) =>
      storage.state.commit({
        tenant: "acme",
        events: [event(key)],
        puts: [{ ...record(key), value: new Uint8Array(size) }],
      });
    await fill("ballast", 800_000);

    const settled = await Promise.allSettled([fill("small-1", 10), fill("too-large", 500_000), fill("small-2", 10)]);
    expect(settled).toMatchObject([
      { status: "fulfilled", value: { sequences: [2] } },
      { status: "rejected", reason: { code: "STORAGE_FULL" } },
      { status: "fulfilled", value: { sequences: [3] } },
    ]);
    expect(await storage.state.get("acme", record("too-large"))).toBeUndefined();
    await expect(storage.artifacts.put(new Uint8Array(64 * 1024).fill(1))).resolves.toHaveLength(64);

    await storage.state.commit({ tenant: "acme", events: [], deletes: [record("ballast")] });
    expect(await fill("too-large", 500_000)).toMatchObject({ sequences: [4] });
    const events = await storage.events.read({ tenant: "acme", after: 0, limit: 10 });
    expect(events.map(({ correlationId }) => correlationId)).toEqual(["ballast", "small-1", "small-2", "too-large"]);
  });

  const testOnSmallDisk = canMount() ? test : test.skip;
  testOnSmallDisk("of a real disk behaves the same, for artifacts too (needs root to mount a tmpfs)", async () => {
    const disk = join(place, "disk");
    expect(mountSmallDisk(disk)).toBe(true);
    try {
      const data = join(disk, "data");
      const ballast = join(disk, "ballast");
      const storage = await open({ folder: data });
      await storage.state.commit({ tenant: "acme", events: [event("before")] });
      const kept = await storage.artifacts.put(new Uint8Array(100_000).fill(1));
      fillDisk(ballast);

      const large = { ...record("large"), value: new Uint8Array(500_000) };
      const failing = storage.state.commit({ tenant: "acme", events: [event("lost")], puts: [large] });
      await expect(failing).rejects.toMatchObject({ code: "STORAGE_FULL" });
      await expect(storage.artifacts.put(new Uint8Array(200_000).fill(2))).rejects.toMatchObject({
        code: "STORAGE_FULL",
      });
      expect(readdirSync(join(data, "artifacts", "incoming"))).toEqual([]);
      expect(await storage.events.head("acme")).toBe(1);
      expect(await storage.artifacts.get(kept)).toHaveLength(100_000);

      // A server can start on a full disk, and say what it knows.
      await storage.close();
      const second = await open({ folder: data });
      expect(await second.events.head("acme")).toBe(1);

      rmSync(ballast);
      expect(await second.state.commit({ tenant: "acme", events: [event("after")], puts: [large] })).toMatchObject({
        sequences: [2],
      });
      expect(await second.artifacts.put(new Uint8Array(200_000).fill(2))).toHaveLength(64);
      await second.close();
    } finally {
      await Promise.all(opened.map((storage) => storage.close()));
      spawnSync("umount", [disk]);
    }
  });
});

describe("damage", () => {
  test("to a small artifact is noticed, and repaired by keeping it again", async () => {
    const first = await open();
    const sha256 = await first.artifacts.put(Buffer.from("right"));
    await first.close();
    withDatabase((database) => database.exec("UPDATE artifact SET bytes = x'00'"));
    const storage = await open();
    await expect(storage.artifacts.get(sha256)).rejects.toMatchObject({
      code: "ARTIFACT_CORRUPT",
      sha256,
      found: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    });
    await storage.artifacts.put(Buffer.from("right"));
    expect(Buffer.from(await storage.artifacts.get(sha256)).toString()).toBe("right");
  });

  test("to a large artifact is noticed, and repaired by keeping it again", async () => {
    const storage = await open();
    const artifact = new Uint8Array(100_000).fill(7);
    const sha256 = await storage.artifacts.put(artifact);
    const file = join(folder, "artifacts", sha256.slice(0, 2), sha256);
    truncateSync(file, 99_999);
    await expect(storage.artifacts.get(sha256)).rejects.toMatchObject({ code: "ARTIFACT_CORRUPT", sha256 });
    await storage.artifacts.put(artifact);
    expect(readFileSync(file)).toEqual(Buffer.from(artifact));
    rmSync(file);
    await expect(storage.artifacts.get(sha256)).rejects.toMatchObject({ code: "ARTIFACT_MISSING", sha256 });
  });

  test("by a put that was interrupted is swept at the next open", async () => {
    await (await open()).close();
    const incoming = join(folder, "artifacts", "incoming");
    mkdirSync(incoming, { recursive: true });
    writeFileSync(join(incoming, "half"), "half of an artifa");
    await open();
    expect(readdirSync(incoming)).toEqual([]);
  });
});

describe("a storage that breaks", () => {
  test("by the death of its thread says so, rejects what waits, and can be opened again", async () => {
    let worker: Worker | undefined;
    const storage = await open({ onWorker: (started) => (worker = started) });
    await storage.state.commit({ tenant: "acme", events: [event("kept")] });
    const tail = storage.events.tail({ tenant: "acme", after: 1, signal: new AbortController().signal });
    const next = tail[Symbol.asyncIterator]().next();
    const waiting = [1, 2].map(() => storage.state.commit({ tenant: "acme", events: [event("unknown")] }));
    const settling = Promise.allSettled([...waiting, next]);
    await worker?.terminate();

    await expect(storage.broken).resolves.toMatchObject({ message: "The storage thread ended with code 1" });
    const unavailable = { code: "STORAGE_UNAVAILABLE", state: "broken" };
    expect((await settling).at(-1)).toMatchObject({ status: "rejected", reason: unavailable });
    for (const outcome of await settling)
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(unavailable);
    await expect(storage.state.commit({ tenant: "acme", events: [event("later")] })).rejects.toMatchObject(unavailable);
    await expect(storage.events.head("acme")).rejects.toMatchObject(unavailable);

    // Held until closed: whoever broke must let go before anybody else may begin.
    await expect(open()).rejects.toMatchObject({ code: "FOLDER_IN_USE" });
    await storage.close();
    const [first] = await (await open()).events.read({ tenant: "acme", after: 0, limit: 10 });
    expect(first).toMatchObject({ correlationId: "kept" });
  });

  test("because its file is gone acknowledges nothing more", async () => {
    const storage = await open();
    rmSync(join(folder, "solo.db"));
    await expect(storage.state.commit({ tenant: "acme", events: [event("a")] })).rejects.toMatchObject({
      code: "STORAGE_UNAVAILABLE",
      state: "broken",
    });
    expect(await storage.broken).toBeInstanceOf(Error);
  });
});

/** What the child processes run; plain JavaScript, since it is handed to them as text. */
const holdFolder = `
  try {
    await openSqliteStorage({ folder, clock });
    say("holding");
    setInterval(() => {}, 1_000);
  } catch (error) {
    say("refused " + error.code + " " + error.pid);
  }
`;

const writeUntilKilled = `
  const storage = await openSqliteStorage({ folder, clock });
  const producers = Array.from({ length: 12 }, async (_, index) => {
    const producer = name + "/" + index;
    for (let number = 0; ; number++) {
      const transaction = producer + "/" + number;
      const event = { body: { type: "service.killed", serviceId: "a", version: 1 }, correlationId: transaction, actor: "kernel" };
      const { sequences } = await storage.state.commit({
        tenant: "acme",
        events: [event, event, event],
        puts: [{ collection: "service", key: producer, value: Buffer.from(transaction) }],
      });
      say("transaction " + transaction + " " + sequences[0]);
      if (number % 10 === 9) {
        const bytes = Buffer.alloc(index % 2 === 0 ? 5_000 : 80_000, transaction);
        say("artifact " + (await storage.artifacts.put(bytes)));
      }
    }
  });
  await Promise.all(producers);
`;

function startProcess(script: string, name = "") {
  const source = new URL("./sqlite-storage.ts", import.meta.url).href;
  const code = `
    import { writeSync } from "node:fs";
    import { openSqliteStorage } from ${JSON.stringify(source)};
    const [folder, name] = process.argv.slice(1);
    const clock = { wallMs: () => Date.now() };
    const say = (line) => writeSync(1, line + "\\n");
    ${script}
  `;
  const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "--eval", code, folder, name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  return {
    process: child,
    lines,
    nextLine: async () => (await once(lines, "line"))[0] as string,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function withDatabase(use: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(join(folder, "solo.db"));
  use(database);
  database.close();
}

function mountSmallDisk(disk: string): boolean {
  mkdirSync(disk);
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]).status === 0;
}

/** Tried out: root in a container may not be allowed to either. */
function canMount(): boolean {
  const trial = mkdtempSync(join(tmpdir(), "solo-mount-"));
  const disk = join(trial, "disk");
  const mounted = mountSmallDisk(disk);
  if (mounted) spawnSync("umount", [disk]);
  rmSync(trial, { recursive: true });
  return mounted;
}

function fillDisk(file: string): void {
  try {
    for (let size = 64 * 1024; ; ) writeFileSync(file, new Uint8Array(size), { flag: "a" });
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  }
}
