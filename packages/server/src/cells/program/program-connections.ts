import type { Socket } from "node:net";

/**
 * The connections to a program that is an HTTP server. One whose request has been answered in full is kept for a short time,
 * and the next request goes over it.
 *
 * The program may end a kept one at any time. What can be repeated may meet that; what must not be sent twice goes over a kept
 * one only once the program has shown that it keeps them, and no more when it has ended one. And what it sends may be
 * anything: one on which something comes while nobody has asked is closed, so that no answer reaches who did not ask for it.
 */
export class ProgramConnections {
  readonly #connect: () => Socket;
  readonly #open = new Set<Socket>();
  /** Nobody's at the moment, the newest last. */
  readonly #kept: Socket[] = [];
  /** It has answered on one while it had another that it had answered on. */
  #servesMany = false;
  /** Until that is known: new ones on which nothing has come for a while, */
  readonly #unheard = new Set<Socket>();
  /** and those on which something has. */
  readonly #served = new Set<Socket>();
  /** What is known of how the program treats kept ones: nothing, that one has outlived its answer, that it has ended one. */
  #habit: "unknown" | "keeps" | "ends" = "unknown";
  #closed = false;

  constructor(connect: () => Socket) {
    this.#connect = connect;
  }

  /**
   * A kept connection; `undefined` where there is none.
   *
   * @param options.isRepeatable Whether the request can be sent again when it fails.
   */
  takeKept({ isRepeatable }: { readonly isRepeatable: boolean }): Socket | undefined {
    if (!isRepeatable && this.#habit !== "keeps") return undefined;
    const socket = this.#kept.pop();
    socket?.off("data", close).off("end", close).off("timeout", close).off("error", ignore).setTimeout(0);
    return socket;
  }

  /** A connection that nobody has used. */
  open(): Socket {
    const socket = this.#connect();
    this.#open.add(socket);
    const stopWaiting = this.#servesMany ? ignore : this.#makeWay(socket);
    socket.once("data", () => {
      stopWaiting();
      if (!this.#servesMany) this.#noteServed(socket);
    });
    socket.once("close", () => {
      stopWaiting();
      this.#open.delete(socket);
      this.#served.delete(socket);
      const index = this.#kept.indexOf(socket);
      if (index < 0) return;
      this.#kept.splice(index, 1);
      if (isEnded(socket)) this.learn("ends");
    });
    return socket;
  }

  /** Takes back a connection whose answer is complete. */
  keep(socket: Socket): void {
    socket.on("data", close).on("end", close).on("timeout", close).on("error", ignore).setTimeout(KEPT_MS);
    // What comes with the answer and is no part of it has come by the next turn.
    setImmediate(() => {
      const isInTheWay = this.#unheard.size > 0 && !this.#servesMany;
      const isUseful = !this.#closed && !isInTheWay && this.#kept.length < MAX_KEPT;
      if (isEnded(socket)) this.learn("ends");
      if (!isUseful || !socket.writable) socket.destroy();
      else this.#kept.push(socket);
      if (this.#habit === "unknown") setTimeout(() => this.#noteOutlived(socket), PATIENCE_MS);
    });
  }

  /** Takes note of how the program has treated a kept connection. */
  learn(habit: "keeps" | "ends"): void {
    if (this.#habit !== "ends") this.#habit = habit;
  }

  /** Ends all connections. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy();
  }

  #noteOutlived(socket: Socket): void {
    if (this.#kept.includes(socket)) this.learn("keeps");
  }

  /** A program may serve one connection after the other, and come to a new one only when no other is open. @returns Ends that. */
  #makeWay(socket: Socket): () => void {
    this.#kept.shift()?.destroy();
    const timer = setTimeout(() => {
      if (this.#servesMany) return;
      this.#unheard.add(socket);
      for (const kept of this.#kept.splice(0)) kept.destroy();
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      this.#unheard.delete(socket);
    };
  }

  #noteServed(socket: Socket): void {
    for (const other of this.#served) {
      if (other.writable && !other.readableEnded) this.#servesMany = true;
    }
    if (this.#servesMany) this.#served.clear();
    else this.#served.add(socket);
  }
}

/** Connections that may be kept. */
const MAX_KEPT = 64;
/** Shorter than servers usually keep idle connections, so that it is seldom they who end one. */
const KEPT_MS = 1_000;
/** After so long without an answer on a new connection others are not kept; and one that is kept so long was meant to be. */
const PATIENCE_MS = 20;

/** By the program, not from here. */
const isEnded = (socket: Socket): boolean => socket.readableEnded || socket.errored !== null;

function close(this: Socket): void {
  this.destroy();
}

function ignore(): void {}
