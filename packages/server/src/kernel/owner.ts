import { Exit, type ProcessHandler } from "@solo/actor-core";

/** Something that was opened and must be closed. */
export interface Owned {
  close(): Promise<void>;
  /** Settles when it has broken by itself. */
  readonly broken?: Promise<Error>;
}

class Broken {
  readonly error: Error;
  constructor(error: Error) {
    this.error = error;
  }
}

/**
 * A process that owns one thing: opens it when it starts, ends when the thing breaks, closes it when it is stopped. Its
 * supervisor thereby restarts a broken part like any other process.
 */
export function owner<Thing extends Owned>(open: () => Promise<Thing>): ProcessHandler {
  let thing: Thing | undefined;
  return {
    async init(self) {
      self.trapExit(true);
      try {
        thing = await open();
      } catch (error) {
        return { kind: "stop", reason: Exit.crash(error) };
      }
      void thing.broken?.then((error) => {
        if (!self.signal.aborted) self.send(self.pid, new Broken(error));
      });
      return { kind: "ok" };
    },
    async handle(message, self) {
      if (!(message instanceof Broken)) return;
      // What is broken may fail to close; why it broke is what counts.
      await thing?.close().catch(() => undefined);
      self.exit(Exit.crash(message.error));
    },
    async stop() {
      await thing?.close();
    },
  };
}
