import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../ports/clock.ts";
import type { ProcessIdentity } from "../process-tree.ts";
import type { FromForkServer, Spawn, ToForkServer } from "./messages.ts";

/** While an answer of the fork server is due, it is looked after this often, */
const LOOK_EVERY_MS = 1_000;
/**
 * and replaced when nothing came of it between so many looks. Looks are counted and not time, since a host that holds both
 * processes for a while is nobody's fault.
 */
const PATIENT_LOOKS = 10;

/** The fork server was stopped or hangs, and has been killed with all that it had started. */
export class ForkServerSilent extends Error {
  constructor() {
    super(`the fork server has not answered for ${(PATIENT_LOOKS * LOOK_EVERY_MS) / 1_000} s and was ended`);
    this.name = new.target.name;
  }
}

/**
 * A small process that starts the processes of cells.
 *
 * To start a process the host copies the page tables of the one that asks: fifteen milliseconds for a server that holds a
 * quarter of a gigabyte, in which it does nothing else. The fork server holds almost nothing. It is started when it is first
 * needed, and again when it has died or answers no more; all that it had started dies with it.
 */
export class ForkServer {
  readonly #clock: ServerClock;
  readonly #separation: readonly string[] | undefined;
  #running: Running | undefined;
  #closed = false;

  /** @param separation Of `findSeparation`. */
  constructor(clock: ServerClock, separation?: readonly string[]) {
    this.#clock = clock;
    this.#separation = separation;
  }

  /** What it starts finds itself in namespaces of network and of inter-process communication with nobody but its like. */
  get isSeparate(): boolean {
    return this.#separation !== undefined;
  }

  /**
   * @returns The process once it has begun. Owned by the caller, who must read its streams to their ends.
   * @throws {ForkServerSilent} Neither the one that ran nor the next one has answered.
   * @throws {Error} When the host does not start it.
   */
  async spawn(request: Spawn): Promise<SpawnedProcess> {
    try {
      return await this.#life().spawn(request);
    } catch (error) {
      if (!(error instanceof ForkServerSilent)) throw error;
      return this.#life().spawn(request);
    }
  }

  #life(): Running {
    if (this.#closed) throw new Error("the fork server is closed");
    if (this.#running === undefined) {
      const running = new Running(this.#clock, this.#separation ?? [], () => {
        if (this.#running === running) this.#running = undefined;
      });
      this.#running = running;
    }
    return this.#running;
  }

  /** Ends what still runs. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.close();
  }
}

type ServerClock = Pick<Clock, "schedule">;

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
  readonly #clock: ServerClock;
  readonly #onEnd: () => void;
  readonly #starting = new Map<number, Starting>();
  readonly #ends = new Map<number, (end: ProcessEnd) => void>();
  /** Whose end is awaited, since it was asked for. */
  readonly #killed = new Set<number>();
  #next = 1;
  #silentLooks = 0;
  #cancelLook: (() => void) | undefined;

  constructor(clock: ServerClock, separation: readonly string[], onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    // Beside this file under the same ending: .ts in the source tree, .js in the build.
    const entry = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
    const [execPath = process.execPath, ...execArgv] = [...separation, process.execPath, ...SMALL];
    this.#process = fork(entry, {
      ...{ execPath, execArgv },
      env: { MALLOC_ARENA_MAX: "1" },
      serialization: "advanced",
      // The first is a pipe that nobody writes to: it ends with this process.
      stdio: ["pipe", "ignore", "inherit", "ipc"],
      detached: true,
    });
    this.#process.on("message", (message, socket) => this.#hear(message as FromForkServer, socket as Socket));
    // Either may come first, and the first says it all.
    const end = (): void => this.#end(new Error("the fork server has ended"));
    this.#process.once("disconnect", end);
    this.#process.once("error", end);
  }

  spawn(spawn: Spawn): Promise<SpawnedProcess> {
    const id = this.#next++;
    const wanted = 2 + spawn.descriptors.filter((each) => each === "pipe").length;
    return new Promise((resolve, reject) => {
      this.#starting.set(id, { wanted, streams: new Map(), identity: undefined, resolve, reject });
      this.#tell({ kind: "spawn", id, spawn });
      this.#lookAfter();
    });
  }

  async close(): Promise<void> {
    if (!this.#process.connected) return;
    const ended = once(this.#process, "exit");
    this.#process.disconnect();
    const cancel = this.#clock.schedule(LOOK_EVERY_MS, () => this.#process.kill("SIGKILL"));
    await ended;
    cancel();
  }

  /** Asks it for an answer as long as it owes one, so that its silence can be told from that of whom it has started. */
  #lookAfter(): void {
    if (this.#cancelLook !== undefined) return;
    this.#silentLooks = 0;
    const look = (): void => {
      this.#cancelLook = undefined;
      if (this.#starting.size + this.#killed.size === 0) return;
      this.#silentLooks += 1;
      if (this.#silentLooks > PATIENT_LOOKS) {
        this.#process.kill("SIGKILL");
        this.#end(new ForkServerSilent());
        return;
      }
      this.#tell({ kind: "ask" });
      this.#cancelLook = this.#clock.schedule(LOOK_EVERY_MS, look);
    };
    this.#cancelLook = this.#clock.schedule(LOOK_EVERY_MS, look);
  }

  #tell(message: ToForkServer): void {
    // One that has died is told of otherwise.
    this.#process.send(message, () => {});
  }

  #hear(message: FromForkServer, socket: Socket): void {
    this.#silentLooks = 0;
    if (message.kind === "here") return;
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
        this.#killed.delete(id);
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
    resolve(new SpawnedProcess(identity, streams, { exited, kill: () => this.#kill(id) }));
  }

  #kill(id: number): void {
    if (!this.#ends.has(id)) return;
    this.#killed.add(id);
    this.#tell({ kind: "kill", id });
    this.#lookAfter();
  }

  #end(reason: Error): void {
    this.#onEnd();
    this.#cancelLook?.();
    this.#killed.clear();
    for (const { streams, reject } of this.#starting.values()) {
      for (const stream of streams.values()) stream.destroy();
      reject(reason);
    }
    this.#starting.clear();
    for (const end of this.#ends.values()) end({ code: null, signal: "SIGKILL" });
    this.#ends.clear();
  }
}

/** It does little and keeps nothing; what it holds is what the host copies. Code made for speed would be most of it. */
const SMALL = ["--max-semi-space-size=1", "--max-old-space-size=64", "--no-opt", "--no-maglev", "--no-sparkplug"];
