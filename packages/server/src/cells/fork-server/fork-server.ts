import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProcessIdentity } from "../process-tree.ts";
import type { FromForkServer, Spawn, ToForkServer } from "./messages.ts";

/**
 * A small process that starts the processes of cells.
 *
 * To start a process the host copies the page tables of the one that asks: fifteen milliseconds for a server that holds a
 * quarter of a gigabyte, in which it does nothing else. The fork server holds almost nothing. It is started when it is first
 * needed, and again when it has died; all that it had started dies with it.
 */
export class ForkServer {
  #running: Running | undefined;
  #closed = false;

  /**
   * @returns The process once it has begun. Owned by the caller, who must read its streams to their ends.
   * @throws {Error} When the host does not start it.
   */
  spawn(request: Spawn): Promise<SpawnedProcess> {
    if (this.#closed) return Promise.reject(new Error("the fork server is closed"));
    if (this.#running === undefined) {
      const running = new Running(() => {
        if (this.#running === running) this.#running = undefined;
      });
      this.#running = running;
    }
    return this.#running.spawn(request);
  }

  /** Ends what still runs. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.close();
  }
}

/** How a process has ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of a cell. */
export class SpawnedProcess {
  readonly identity: ProcessIdentity;
  /** What it writes to 1 and 2, and those of its descriptors from 3 on that are pipes, by their numbers. */
  readonly streams: ReadonlyMap<number, Socket>;
  /** Resolves when it has ended. */
  readonly exited: Promise<ProcessEnd>;
  /** Resolves when its streams have ended too, which others may hold open that it has started. */
  readonly closed: Promise<ProcessEnd>;
  #end: ProcessEnd | undefined;
  readonly #kill: () => void;

  constructor(
    identity: ProcessIdentity,
    streams: ReadonlyMap<number, Socket>,
    by: { readonly exited: Promise<ProcessEnd>; readonly kill: () => void },
  ) {
    this.identity = identity;
    this.streams = streams;
    this.#kill = by.kill;
    this.exited = by.exited.then((end) => {
      this.#end = end;
      return end;
    });
    const closed = Promise.all(
      [...streams.values()].map((stream) => new Promise((hear) => stream.once("close", hear))),
    );
    this.closed = this.exited.then(async (end) => {
      await closed;
      return end;
    });
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** SIGKILL to it and to the process group that it leads. Nothing happens when it has ended. */
  kill(): void {
    if (!this.hasEnded) this.#kill();
  }
}

interface Starting {
  readonly wanted: number;
  readonly streams: Map<number, Socket>;
  identity: ProcessIdentity | undefined;
  readonly resolve: (started: SpawnedProcess) => void;
  readonly reject: (error: Error) => void;
}

/** One life of the fork server. */
class Running {
  readonly #process: ChildProcess;
  readonly #starting = new Map<number, Starting>();
  readonly #ends = new Map<number, (end: ProcessEnd) => void>();
  #next = 1;

  constructor(onEnd: () => void) {
    // Beside this file under the same ending: .ts in the source tree, .js in the build.
    const entry = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
    this.#process = fork(entry, {
      execArgv: SMALL,
      env: { MALLOC_ARENA_MAX: "1" },
      serialization: "advanced",
      // The first is a pipe that nobody writes to: it ends with this process.
      stdio: ["pipe", "ignore", "inherit", "ipc"],
      detached: true,
    });
    this.#process.on("message", (message, socket) => this.#hear(message as FromForkServer, socket as Socket));
    // Either may come first, and the first says it all.
    const end = (): void => {
      onEnd();
      this.#endAll();
    };
    this.#process.once("disconnect", end);
    this.#process.once("error", end);
  }

  spawn(spawn: Spawn): Promise<SpawnedProcess> {
    const id = this.#next++;
    const wanted = 2 + spawn.descriptors.filter((each) => each === "pipe").length;
    return new Promise((resolve, reject) => {
      this.#starting.set(id, { wanted, streams: new Map(), identity: undefined, resolve, reject });
      this.#tell({ kind: "spawn", id, spawn });
    });
  }

  async close(): Promise<void> {
    if (!this.#process.connected) return;
    const ended = once(this.#process, "exit");
    this.#process.disconnect();
    await ended;
  }

  #tell(message: ToForkServer): void {
    // One that has died is told of otherwise.
    this.#process.send(message, () => {});
  }

  #hear(message: FromForkServer, socket: Socket): void {
    const { id } = message;
    const starting = this.#starting.get(id);
    switch (message.kind) {
      case "spawned":
        if (starting !== undefined) starting.identity = message.identity;
        return;
      case "stream":
        starting?.streams.set(message.descriptor, socket);
        if (starting !== undefined && starting.streams.size === starting.wanted) this.#begin(id, starting);
        return;
      case "exited": {
        const { code, signal } = message;
        this.#ends.get(id)?.({ code, signal });
        this.#ends.delete(id);
        return;
      }
      case "failed":
        this.#starting.delete(id);
        starting?.reject(new Error(message.message));
    }
  }

  #begin(id: number, { identity, streams, resolve }: Starting): void {
    if (identity === undefined) return;
    this.#starting.delete(id);
    const exited = new Promise<ProcessEnd>((end) => this.#ends.set(id, end));
    this.#tell({ kind: "begin", id });
    resolve(new SpawnedProcess(identity, streams, { exited, kill: () => this.#tell({ kind: "kill", id }) }));
  }

  #endAll(): void {
    for (const { streams, reject } of this.#starting.values()) {
      for (const stream of streams.values()) stream.destroy();
      reject(new Error("the fork server has ended"));
    }
    this.#starting.clear();
    for (const end of this.#ends.values()) end({ code: null, signal: "SIGKILL" });
    this.#ends.clear();
  }
}

/** It does little and keeps nothing; what it holds is what the host copies. Code made for speed would be most of it. */
const SMALL = ["--max-semi-space-size=1", "--max-old-space-size=64", "--no-opt", "--no-maglev", "--no-sparkplug"];
