import type { Socket } from "node:net";

/**
 * The connections to a program that is an HTTP server. One whose request has been answered in full is kept for a short time,
 * and the next request goes over it.
 *
 * The program may end a kept one at any time, so only a request that can be repeated goes over it. And what it sends may be
 * anything: one on which something comes while nobody has asked is closed, so that no answer reaches who did not ask for it.
 */
export class ProgramConnections {
  readonly #connect: () => Socket;
  readonly #open = new Set<Socket>();
  /** Nobody's at the moment, the newest last. */
  readonly #kept: Socket[] = [];
  /** New ones on which nothing has come for a while. */
  readonly #unheard = new Set<Socket>();
  #closed = false;

  constructor(connect: () => Socket) {
    this.#connect = connect;
  }

  /** A kept connection, for a request that can be sent again when it fails; `undefined` where there is none. */
  takeKept(): Socket | undefined {
    const socket = this.#kept.pop();
    socket?.off("data", close).off("end", close).off("timeout", close).off("error", ignore).setTimeout(0);
    return socket;
  }

  /** A connection that nobody has used. */
  open(): Socket {
    // In the place of a kept one: a program may serve one connection after the other, and would wait on that one.
    this.#kept.shift()?.destroy();
    const socket = this.#connect();
    this.#open.add(socket);
    const unheard = setTimeout(() => this.#keepNoneBeside(socket), PATIENCE_MS);
    const heard = (): void => {
      clearTimeout(unheard);
      this.#unheard.delete(socket);
    };
    socket.once("data", heard).once("close", () => {
      heard();
      this.#open.delete(socket);
      const index = this.#kept.indexOf(socket);
      if (index >= 0) this.#kept.splice(index, 1);
    });
    return socket;
  }

  /** Takes back a connection whose answer is complete. */
  keep(socket: Socket): void {
    socket.on("data", close).on("end", close).on("timeout", close).on("error", ignore).setTimeout(KEPT_MS);
    // What comes with the answer and is no part of it has come by the next turn.
    setImmediate(() => {
      const isUseful = !this.#closed && this.#unheard.size === 0 && this.#kept.length < MAX_KEPT;
      if (!isUseful || !socket.writable) socket.destroy();
      else this.#kept.push(socket);
    });
  }

  /** Ends all connections. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy();
  }

  /** It may be that the program comes to this one only when no other is open. */
  #keepNoneBeside(socket: Socket): void {
    this.#unheard.add(socket);
    for (const kept of this.#kept.splice(0)) kept.destroy();
  }
}

/** Connections that may be kept. */
const MAX_KEPT = 64;
/** Shorter than servers usually keep idle connections, so that it is seldom they who end one. */
const KEPT_MS = 1_000;
/** After so long without an answer on a new connection, others are not kept. */
const PATIENCE_MS = 20;

function close(this: Socket): void {
  this.destroy();
}

function ignore(): void {}
