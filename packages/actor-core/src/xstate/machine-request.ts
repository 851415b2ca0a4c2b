import type { EventObject } from "xstate";
import type { Pid } from "../process/pid.ts";

/** A question to a machine: its snapshot, once that is as `isWanted` says. */
export class SnapshotRequest {
  readonly isWanted: (snapshot: never) => boolean;
  /** Nobody waits for the answer any more. */
  abandoned = false;

  constructor(isWanted: (snapshot: never) => boolean) {
    this.isWanted = isWanted;
  }

  /** How it shows in errors. */
  toJSON(): string {
    return "snapshot";
  }
}

/** Asks a machine to send what it emits to a process. */
export class EmittedRequest {
  readonly listener: Pid;

  constructor(listener: Pid) {
    this.listener = listener;
  }

  /** How it shows in errors. */
  toJSON(): string {
    return "sendEmittedTo";
  }
}

/** A machine has emitted an event: the message that `sendEmittedTo` leads to. */
export class Emitted<E extends EventObject = EventObject> {
  readonly machine: Pid;
  readonly event: E;

  constructor(machine: Pid, event: E) {
    this.machine = machine;
    this.event = event;
  }
}
