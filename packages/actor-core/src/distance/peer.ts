import type { Alias } from "../process/alias.ts";
import { ProcessAlias } from "../process/create-alias.ts";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { takeAlias } from "../process/local-caller.ts";
import { Call, Cast } from "../process/messages.ts";
import { Pid } from "../process/pid.ts";
import { type Process, processOf, type Watcher } from "../process/process.ts";
import type { Runtime } from "../process/runtime.ts";
import { SmallSet } from "../process/small-set.ts";
import { decode, encode, encodeShown, type Finding, type Naming } from "./encode.ts";
import type { Address, Encoded, Frame } from "./frame.ts";
import { type Place, RemotePid } from "./remote-pid.ts";
import { Elsewhere, type Line, RemoteProcess } from "./remote-process.ts";
import { type AnswerLine, ServedCall } from "./served-call.ts";
import { Session, type SessionEvents } from "./session.ts";
import type { Packet, Transport } from "./transport.ts";
import { WeakIndex } from "./weak-index.ts";

/** What a peer needs of the node it is a peer of. */
export interface Home extends Naming, Finding {
  readonly runtime: Runtime;
  readonly name: string;
  readonly incarnation: number;
  readonly transport: Transport;
  readonly tickMs: number;
  readonly setupMs: number;
  /** The number under which other nodes know a process. */
  numberOf(pid: Pid): number;
  localPid(id: number): Pid | undefined;
  localAlias(id: number): ProcessAlias | undefined;
}

/** Something here that waits to hear from a process there. */
interface Waiting {
  readonly target: RemoteProcess;
  /** What is told of the end; a call that was handed on by hand has nobody to tell. */
  readonly watcher: Watcher | undefined;
  readonly call: Call | undefined;
}

/** Another node, as this one sees it. */
export class Peer implements Line, AnswerLine, SessionEvents {
  readonly name: string;
  readonly #home: Home;
  readonly #session: Session;
  readonly #elsewhere: Elsewhere;
  /** The newest that is known. */
  #incarnation = Number.NEGATIVE_INFINITY;
  readonly #processes = new WeakIndex<number, RemoteProcess>();
  readonly #aliases = new WeakIndex<number, RemoteProcess>();
  readonly #names = new WeakIndex<string, RemoteProcess>();
  /** Strongly, for as long as somebody here is linked to them. */
  readonly #linked = new Set<RemoteProcess>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #numbers = new Map<object, number>();
  #lastNumber = 0;
  /** By the other side's number: what there waits to hear from a process here. */
  readonly #watched = new Map<number, { readonly process: Process; readonly watcher: Watcher }>();

  constructor(name: string, home: Home) {
    this.name = name;
    this.#home = home;
    const { runtime, transport, tickMs, setupMs } = home;
    this.#elsewhere = new Elsewhere(name, runtime.timers);
    this.#session = new Session({
      self: home,
      peer: name,
      transport,
      timers: runtime.timers,
      tickMs,
      setupMs,
      events: this,
    });
  }

  get connected(): boolean {
    return this.#session.isOpen;
  }

  receive(packet: Packet): void {
    this.#session.receive(packet);
  }

  disconnect(): void {
    this.#session.close();
  }

  /** The pid of a process there. One of an earlier incarnation is dead. */
  pidOf(incarnation: number, id: number): Pid {
    return this.#find(this.#processes, { node: this.name, incarnation, address: { kind: "pid", id } });
  }

  aliasOf(incarnation: number, id: number): Alias {
    return new ProcessAlias(
      this.#find(this.#aliases, { node: this.name, incarnation, address: { kind: "alias", id } }),
      false,
    );
  }

  /** Stands for whoever holds the name there. */
  named(name: string): Pid {
    const place: Place = { node: this.name, incarnation: undefined, address: { kind: "name", name } };
    return this.#remote(this.#names, name, place).pid;
  }

  #find(index: WeakIndex<number, RemoteProcess>, place: Place & { incarnation: number; address: { id: number } }): Pid {
    return this.#isGone(place.incarnation) ? RemotePid.dead(place) : this.#remote(index, place.address.id, place).pid;
  }

  #remote<K>(index: WeakIndex<K, RemoteProcess>, key: K, place: Place): RemoteProcess {
    return index.get(key) ?? index.add(key, new RemoteProcess(this.#elsewhere, this, place));
  }

  /** A newer incarnation than the known one is news, from wherever it comes. */
  #isGone(incarnation: number): boolean {
    if (incarnation > this.#incarnation) {
      this.#session.expect(incarnation);
      this.#adopt(incarnation);
    }
    return incarnation < this.#incarnation;
  }

  // What is done here to processes there

  deliver(to: RemoteProcess, message: unknown, sender: Process | undefined): void {
    const from = this.#from(sender);
    const { address } = to;
    if (message instanceof Call) {
      this.#call(to, message, from);
    } else if (message instanceof Cast) {
      this.#send(to, { kind: "cast", to: address, request: encode(message.request, this.#home), ...from });
    } else {
      this.#send(to, { kind: "send", to: address, message: encode(message, this.#home), ...from });
    }
  }

  #call(target: RemoteProcess, call: Call, from: { readonly from?: number }): void {
    let request: Encoded;
    try {
      request = encode(call.request, this.#home);
    } catch (error) {
      call.from.refuse(error as Error);
      return;
    }
    const id = this.#await(call, { target, watcher: isWatcher(call) ? call : undefined, call });
    this.#send(target, { kind: "call", to: target.address, request, id, ...from });
  }

  exit(to: RemoteProcess, from: Process | undefined, reason: ExitReason): void {
    this.#send(to, { kind: "exit", to: to.address, reason: this.#shown(reason), ...this.#from(from) });
  }

  stop(to: RemoteProcess, reason: ExitReason): void {
    this.#send(to, { kind: "stop", to: to.address, reason: this.#shown(reason) });
  }

  watch(target: RemoteProcess, watcher: Watcher): void {
    const id = this.#await(watcher, { target, watcher, call: undefined });
    this.#send(target, { kind: "monitor", to: target.address, id });
  }

  unwatch(watcher: Watcher): void {
    const id = this.#numbers.get(watcher);
    const waiting = id === undefined ? undefined : this.#heard(id);
    if (id !== undefined && waiting !== undefined) {
      this.#session.sendIfOpen({ kind: waiting.call === undefined ? "demonitor" : "abandon", id });
    }
  }

  link(target: RemoteProcess, from: Process): void {
    this.#linked.add(target);
    this.#send(target, { kind: "link", ...this.#ends(target, from.pid) });
  }

  unlink(target: RemoteProcess, from: Process, seen: number): void {
    this.#session.sendIfOpen({ kind: "unlink", ...this.#ends(target, from.pid), seen }, target.incarnation);
  }

  linkBroken(target: RemoteProcess, from: Pid, reason: ExitReason): void {
    const frame: Frame = { kind: "link-exit", ...this.#ends(target, from), reason: this.#shown(reason) };
    this.#session.sendIfOpen(frame, target.incarnation);
  }

  #send(to: RemoteProcess, frame: Frame): void {
    this.#session.send(frame, to.incarnation);
  }

  #ends(target: RemoteProcess, from: Pid): { readonly from: number; readonly to: number } {
    return { from: this.#home.numberOf(from), to: target.pid.id };
  }

  #from(sender: Process | undefined): { readonly from?: number } {
    return sender === undefined ? {} : { from: this.#home.numberOf(sender.pid) };
  }

  #shown(reason: ExitReason): Encoded {
    return encodeShown(reason, this.#home);
  }

  #await(key: object, waiting: Waiting): number {
    this.#lastNumber += 1;
    this.#waiting.set(this.#lastNumber, waiting);
    this.#numbers.set(key, this.#lastNumber);
    return this.#lastNumber;
  }

  /** Each is heard of once. */
  #heard(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      this.#waiting.delete(id);
      this.#letGo(waiting);
    }
    return waiting;
  }

  #letGo({ target, watcher, call }: Waiting): void {
    this.#numbers.delete(watcher ?? (call as Call));
    if (watcher !== undefined) {
      target.watchers?.delete(watcher);
    }
  }

  #end(id: number, reason: ExitReason): void {
    const waiting = this.#heard(id);
    waiting?.watcher?.targetEnded(reason);
  }

  // What is done there to processes here

  received(frame: Frame): void {
    try {
      this.#take(frame);
    } catch {
      // It does not speak as it should; whatever else it says cannot be relied on.
      this.#session.close();
    }
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case "send":
        this.#takeMessage(frame.to, this.#decode(frame.message), this.#sender(frame.from));
        break;
      case "cast":
        this.#takeMessage(frame.to, new Cast(this.#decode(frame.request)), this.#sender(frame.from));
        break;
      case "call":
        this.#serve(frame.id, frame.to, this.#decode(frame.request), this.#sender(frame.from));
        break;
      case "reply":
        this.#heard(frame.id)?.call?.from.reply(this.#decode(frame.value));
        break;
      case "refuse":
        this.#heard(frame.id)?.call?.from.refuse(this.#decode(frame.error) as Error);
        break;
      case "call-failed":
      case "down":
        this.#end(frame.id, this.#decodeReason(frame.reason));
        break;
      case "abandon":
      case "demonitor":
        this.#unwatched(frame.id);
        break;
      case "exit":
        this.#local(frame.to)?.exitSignal(this.#sender(frame.from), this.#decodeReason(frame.reason));
        break;
      case "stop":
        this.#local(frame.to)?.askToStop(this.#decodeReason(frame.reason));
        break;
      case "monitor":
        this.#watchFor(frame.id, frame.to);
        break;
      case "link":
        this.#linkFor(this.#remoteOf(frame.from), this.#local({ kind: "pid", id: frame.to }), frame);
        break;
      case "unlink": {
        const local = this.#local({ kind: "pid", id: frame.to });
        if (local !== undefined) {
          this.#remoteOf(frame.from).unlinkedBy(local, frame.seen);
        }
        break;
      }
      case "link-exit": {
        const remote = this.#remoteOf(frame.from);
        const local = this.#local({ kind: "pid", id: frame.to });
        // One that was taken back here while its signal was on its way is silent.
        if (local !== undefined && remote.take(local)) {
          local.linkSignal(remote.pid, this.#decodeReason(frame.reason));
        }
        break;
      }
      default:
        throw new TypeError(`Cannot take frame: unknown kind ${(frame satisfies never as Frame).kind}`);
    }
  }

  #takeMessage(to: Address, message: unknown, sender: Process | undefined): void {
    if (to.kind !== "alias") {
      this.#local(to)?.deliver(message, sender);
      return;
    }
    const alias = this.#home.localAlias(to.id);
    if (alias !== undefined) {
      takeAlias(alias)?.deliver(message, sender);
    }
  }

  #serve(id: number, to: Address, request: unknown, sender: Process | undefined): void {
    const process = this.#local(to);
    if (process === undefined) {
      this.fail(id, Exit.noproc);
      return;
    }
    const call = new ServedCall(request, sender?.pid, this, id);
    this.#watched.set(id, { process, watcher: call });
    (process.watchers ??= new SmallSet()).add(call);
    process.deliver(call, sender);
  }

  reply(id: number, value: unknown): void {
    // Before it is marked as answered: a value that cannot cross leaves the call open.
    const frame: Frame = { kind: "reply", id, value: encode(value, this.#home) };
    if (this.#unwatched(id)) {
      this.#session.sendIfOpen(frame);
    }
  }

  refuse(id: number, error: Error): void {
    if (this.#unwatched(id)) {
      this.#session.sendIfOpen({ kind: "refuse", id, error: encodeShown(error, this.#home) });
    }
  }

  fail(id: number, reason: ExitReason): void {
    this.#unwatched(id);
    this.#session.sendIfOpen({ kind: "call-failed", id, reason: this.#shown(reason) });
  }

  #watchFor(id: number, to: Address): void {
    const process = this.#local(to);
    const down = (reason: ExitReason): void => {
      this.#watched.delete(id);
      this.#session.sendIfOpen({ kind: "down", id, reason: this.#shown(reason) });
    };
    if (process === undefined) {
      down(Exit.noproc);
      return;
    }
    const watcher: Watcher = { targetEnded: down };
    this.#watched.set(id, { process, watcher });
    (process.watchers ??= new SmallSet()).add(watcher);
  }

  #unwatched(id: number): boolean {
    const watched = this.#watched.get(id);
    watched?.process.watchers?.delete(watched.watcher);
    return this.#watched.delete(id);
  }

  #linkFor(
    remote: RemoteProcess,
    local: Process | undefined,
    frame: { readonly from: number; readonly to: number },
  ): void {
    if (local !== undefined) {
      this.#linked.add(remote);
      remote.linkedBy(local);
    } else {
      const ends = { from: frame.to, to: frame.from };
      this.#session.sendIfOpen({ kind: "link-exit", ...ends, reason: this.#shown(Exit.noproc) });
    }
  }

  #local(address: Address): Process | undefined {
    const { runtime } = this.#home;
    const pid =
      address.kind === "pid"
        ? this.#home.localPid(address.id)
        : address.kind === "name"
          ? runtime.names.get(address.name)
          : undefined;
    return pid === undefined ? undefined : processOf(pid);
  }

  #remoteOf(id: number): RemoteProcess {
    const place: Place = { node: this.name, incarnation: this.#incarnation, address: { kind: "pid", id } };
    return this.#remote(this.#processes, id, place);
  }

  #sender(from: number | undefined): Process | undefined {
    return from === undefined ? undefined : this.#remoteOf(from);
  }

  #decode(encoded: Encoded): unknown {
    return decode(encoded, this.#home);
  }

  #decodeReason(encoded: Encoded): ExitReason {
    return this.#decode(encoded) as ExitReason;
  }

  // Coming and going

  opened(incarnation: number): void {
    this.#adopt(incarnation);
  }

  lost(): void {
    // First all that the other side has here, so that nothing which ends now tries to tell it.
    for (const id of [...this.#watched.keys()]) {
      this.#unwatched(id);
    }
    this.#breakOff(() => true);
  }

  /** All of earlier incarnations are dead. */
  #adopt(incarnation: number): void {
    if (incarnation <= this.#incarnation) {
      return;
    }
    this.#incarnation = incarnation;
    this.#breakOff((remote) => remote.incarnation !== undefined);
    for (const remote of [...this.#processes.clear(), ...this.#aliases.clear()]) {
      Pid.release(remote.pid);
    }
  }

  #breakOff(concerns: (remote: RemoteProcess) => boolean): void {
    const waiting = [...this.#waiting].filter(([, { target }]) => concerns(target));
    const broken: { readonly remote: RemoteProcess; readonly local: Process }[] = [];
    for (const remote of [...this.#linked].filter(concerns)) {
      broken.push(...remote.forget().map((local) => ({ remote, local })));
      this.#linked.delete(remote);
    }
    for (const [id, entry] of waiting) {
      this.#waiting.delete(id);
      this.#letGo(entry);
    }
    // All is taken apart by now: who dies of the first of these has nothing left to say there.
    for (const [, { watcher }] of waiting) {
      watcher?.targetEnded(Exit.noconnection);
    }
    for (const { remote, local } of broken) {
      local.linkSignal(remote.pid, Exit.noconnection);
    }
  }
}

function isWatcher(call: object): call is Call & Watcher {
  return "targetEnded" in call;
}
