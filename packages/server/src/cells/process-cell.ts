import type { Socket } from "node:net";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Cell, CellExit, CellHoldings, CellLimits, CellUsage } from "../ports/cell.ts";
import { ProtocolError } from "./errors.ts";
import type { ProcessEnd, SpawnedProcess } from "./fork-server/fork-server.ts";
import type { ControlGroup } from "./groups/control-group.ts";
import { takeJoined } from "./guest/chunks.ts";
import { readHoldings } from "./holdings.ts";
import { OutputLines } from "./output-lines.ts";
import { identifyProcess, isAlive, type ProcessIdentity, processTreeUsage } from "./process-tree.ts";
import { payloadBytes } from "./wire/frames.ts";
import { encodeKernelMessage } from "./wire/protocol.ts";
import { frameWire, type Wire, type WireDecoder } from "./wire/wire.ts";

/** Bytes that may wait for a guest that does not read; what would go beyond is not taken. */
export const OUTBOUND_CAP_BYTES = 8 * 1024 * 1024;

/** Short frames go out together in about so many bytes: a write costs more than what is in it. */
const WRITE_BYTES = 64 * 1024;
/** So many are worth a write: the guest may begin with them while the others are still being made. */
const FRAMES_AT_ONCE = 32;

/** How everything of a cell ends. */
export type CellEnds =
  /** Bubblewrap's death is that of the first process inside, and with that of everything inside. */
  | { readonly kind: "with its child" }
  /** The child leads a session and a process group; what is left of those is ended here where no control group does that. */
  | { readonly kind: "as a session"; readonly endSession: (leader: number) => void };

/** For this long what should end by itself is not helped. */
const PATIENCE_MS = 100;
/** How long a guest may live without its pipe, which is closed just before it ends. */
const CLOSED_PIPE_MS = 1_000;

/** A cell as a process of this host, with its pipe, its output and its control group. */
export class ProcessCell implements Cell {
  warm = false;
  /** Version of Landlock that its guest has put in force on itself; 0 for none. */
  landlock = 0;
  onFrame: (id: number, payload: Uint8Array) => void = ignore;
  onDrain: () => void = ignore;
  onOutput: (stream: "stdout" | "stderr", line: string) => void = ignore;
  readonly exited: Promise<CellExit>;

  readonly #child: SpawnedProcess;
  readonly #ends: CellEnds;
  readonly #pipe: Socket;
  readonly #group: ControlGroup | undefined;
  readonly #wire: Wire;
  #limits: CellLimits;
  /** The process that runs the guest: the child itself, or bubblewrap's child. */
  #guest: ProcessIdentity | undefined;
  /** Why the kernel has killed it; the first reason counts. */
  #ending: CellExit | undefined;
  #gone = false;
  #frozen = false;
  /** Read since it was frozen, which neither changes: thousands that rest cost nothing then, however often they are looked at. */
  #frozenUsage: CellUsage | undefined;
  #frozenHoldings: CellHoldings | undefined;
  /** What would tell of the end of a frozen guest: bubblewrap's own process. */
  #watcherAwake: boolean;
  #frames = 0;
  /** Frames of this turn that are not handed to the pipe yet, and their bytes. */
  readonly #unsent: Uint8Array[] = [];
  #unsentBytes = 0;

  /**
   * Takes over a spawned process whose descriptor 3 is the frame pipe.
   *
   * @param options.group Owned from now on: removed when the child is gone.
   * @param options.wire How its guest spells frames.
   */
  constructor(
    child: SpawnedProcess,
    options: {
      readonly group: ControlGroup | undefined;
      readonly limits: CellLimits;
      readonly ends: CellEnds;
      readonly wire?: Wire;
    },
  ) {
    const { group, limits, wire = frameWire } = options;
    this.#child = child;
    this.#ends = options.ends;
    this.#watcherAwake = options.ends.kind === "as a session";
    this.#group = group;
    this.#wire = wire;
    this.#limits = limits;
    this.#pipe = child.streams.get(3) as Socket;
    const frames = wire.decoder((id, payload) => this.onFrame(id, payload));
    this.#pipe.on("data", (chunk: Uint8Array) => this.#receive(frames, chunk));
    this.#pipe.on("drain", () => this.onDrain());
    // A pipe breaks when its guest dies; the exit says so, with the reason.
    this.#pipe.on("error", ignore);
    // The one when it speaks no more, the other when it hears no more.
    for (const event of ["end", "close"]) this.#pipe.once(event, () => void this.#expectEnd());
    this.#readLines("stdout", 1);
    this.#readLines("stderr", 2);
    this.exited = this.#watchExit();
  }

  get processId(): number {
    return this.#child.identity.id;
  }

  /** The process on the host that runs the guest, once it is known. */
  get guestProcess(): ProcessIdentity | undefined {
    return this.#guest;
  }

  /** Its id. */
  get guestProcessId(): number | undefined {
    return this.#guest?.id;
  }

  /** Tells which process runs the guest, once it is known. */
  setGuestProcess(processId: number): void {
    this.#guest = identifyProcess(processId);
  }

  /** @throws {Error} When the cell cannot be brought under these limits. */
  setLimits(limits: CellLimits): void {
    this.#group?.setLimits(limits);
    this.#limits = limits;
  }

  get limits(): CellLimits {
    return this.#limits;
  }

  /** Frames that went in and writes that came out so far: while it stands still, the guest and the kernel say nothing. */
  get frames(): number {
    return this.#frames;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /**
   * Lets the guest run no more until the next frame for it. Nothing happens when this host does not allow it, or when there was
   * a frame before it could.
   */
  async freeze(): Promise<void> {
    const group = this.#group;
    if (group === undefined) return;
    const frames = this.#frames;
    try {
      if (!this.#watcherAwake && isAlive(this.#child.identity)) await group.keepAwake(this.processId);
      this.#watcherAwake = true;
      if (this.#frames !== frames || this.#gone || this.#ending !== undefined) return;
      group.freeze();
    } catch {
      return;
    }
    this.#frozen = true;
    this.#frozenUsage = undefined;
    this.#frozenHoldings = undefined;
  }

  send(id: number, ...parts: readonly Uint8Array[]): boolean {
    if (this.#gone || this.#ending !== undefined || !this.#pipe.writable) return false;
    if (this.#pipe.writableLength + this.#unsentBytes + payloadBytes(parts) > OUTBOUND_CAP_BYTES) return false;
    this.#frames += 1;
    if (this.#frozen) this.#thaw();
    // What is sent in one turn of the event loop goes out in few writes.
    const frame = this.#wire.encode(id, parts);
    this.#unsent.push(frame);
    this.#unsentBytes += frame.length;
    if (this.#unsent.length === 1) process.nextTick(() => this.#writeUnsent());
    else if (this.#unsent.length === FRAMES_AT_ONCE) this.#writeUnsent();
    return true;
  }

  #writeUnsent(): void {
    while (this.#unsent.length > 0) this.#pipe.write(takeJoined(this.#unsent, WRITE_BYTES));
    this.#unsentBytes = 0;
  }

  /** Wakes a guest that waits for its source. */
  rouse(): void {
    this.send(0, ...encodeKernelMessage({ kind: "rouse" }));
  }

  /** Set by the one who asks for it with {@link askRest}. */
  onRest: () => void = ignore;

  /** Has the guest say whether it waits for nothing but frames. */
  askRest(): void {
    this.send(0, ...encodeKernelMessage({ kind: "ask-rest" }));
  }

  guestRests(): void {
    this.onRest();
  }

  kill(): Promise<CellExit> {
    return this.end({ kind: "killed" });
  }

  /** Kills it for a reason of the kernel, which `exited` then tells. */
  end(reason: CellExit): Promise<CellExit> {
    if (!this.#gone && this.#ending === undefined) {
      this.#ending = reason;
      this.#killProcesses();
    }
    return this.exited;
  }

  usage(): CellUsage | undefined {
    if (this.#gone) return undefined;
    if (this.#frozen) return (this.#frozenUsage ??= this.#group?.usage());
    if (this.#group !== undefined) return this.#group.usage();
    return this.#guest === undefined ? undefined : processTreeUsage(this.#guest.id);
  }

  holdings(): CellHoldings {
    if (this.#gone || this.#guest === undefined) return {};
    if (this.#frozen) return (this.#frozenHoldings ??= readHoldings(this.#guest.id));
    return readHoldings(this.#guest.id);
  }

  #thaw(): void {
    this.#frozen = false;
    try {
      this.#group?.thaw();
    } catch (error) {
      // One that is gone has ended meanwhile, as is told soon; one that stays frozen would never answer.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      void this.end({ kind: "protocol", message: `It could not be thawed: ${String(error)}` });
    }
  }

  #receive(frames: WireDecoder, chunk: Uint8Array): void {
    this.#frames += 1;
    if (this.#ending !== undefined) return;
    try {
      frames.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      void this.end({ kind: "protocol", message: error.message });
    }
  }

  /** What cannot be spoken to any more, and runs on, is of no use and would hold what it has. */
  async #expectEnd(): Promise<void> {
    await Promise.race([this.#child.exited, delay(CLOSED_PIPE_MS, undefined, { ref: false })]);
    if (this.#child.hasEnded) return;
    // One that is being killed for memory may take long to give back what it has.
    const memoryKills = this.#group?.memoryKills() ?? 0;
    const { memoryBytes } = this.#limits;
    void this.end(
      memoryKills > 0
        ? { kind: "oom", limitBytes: memoryBytes }
        : { kind: "protocol", message: "It closed descriptor 3, by which it is spoken to" },
    );
  }

  #readLines(name: "stdout" | "stderr", descriptor: number): void {
    const lines = new OutputLines((line) => this.onOutput(name, line));
    const stream = this.#child.streams.get(descriptor);
    stream?.on("data", (chunk: Uint8Array) => lines.push(chunk));
    stream?.on("end", () => lines.end());
    stream?.on("error", ignore);
  }

  #killProcesses(): void {
    this.#frozen = false;
    this.#child.kill();
    this.#endAllElse();
  }

  #endAllElse(): void {
    switch (this.#ends.kind) {
      case "with its child":
        try {
          // What is frozen does not die before it is thawed.
          this.#group?.thaw();
        } catch {
          // Then it is helped when it has not died in time.
        }
        return;
      case "as a session":
        this.#group?.kill();
    }
  }

  async #watchExit(): Promise<CellExit> {
    await this.#child.exited;
    // What still holds the pipes must not keep the cell open: a process that the guest left behind, or a child that
    // bubblewrap had not yet set up, which ends when it finds its pipe closed. The child's number is free from here on.
    this.#pipe.end();
    this.#endAllElse();
    if (this.#group === undefined && this.#ends.kind === "as a session") this.#ends.endSession(this.#child.identity.id);
    const end = await this.#child.closed;
    const memoryKills = this.#group?.memoryKills() ?? 0;
    await this.#removeAll();
    this.#gone = true;
    return this.#ending ?? this.#readExit(end, memoryKills);
  }

  #readExit({ code, signal }: ProcessEnd, memoryKills: number): CellExit {
    const died = signal ?? (code !== null && code > 128 ? SIGNAL_NAMES.get(code - 128) : undefined);
    if (died === "SIGKILL" && memoryKills > 0) return { kind: "oom", limitBytes: this.#limits.memoryBytes };
    // Bubblewrap tells the signal that ended its child as 128 and more, as a shell does.
    if (died !== undefined) return { kind: "signal", signal: died };
    return { kind: "exit", code: code ?? -1 };
  }

  /**
   * Waits until no process and no control group is left. The waits grow, so that a stuck process costs nothing, and what
   * should die by itself is helped after a while.
   */
  async #removeAll(): Promise<void> {
    for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 1_000)) {
      if (this.#group === undefined ? !this.#guestAlive() : this.#group.remove()) return;
      await delay(waitMs);
      if (this.#ends.kind === "as a session" || waitMs > PATIENCE_MS) this.#group?.kill();
    }
  }

  #guestAlive(): boolean {
    return this.#guest !== undefined && isAlive(this.#guest);
  }
}

/** Where a number has two names, such as SIGABRT and SIGIOT, the first is the usual one. */
const SIGNAL_NAMES: ReadonlyMap<number, NodeJS.Signals> = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

function ignore(): void {}
