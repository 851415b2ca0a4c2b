import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Engine } from "../engine.ts";
import { StorageSchemaTooNew, StorageUnavailable } from "../errors.ts";
import type { DatabaseOptions } from "./database.ts";
import type { CarriedOperations, FromWorker, Reply, Request, ToWorker, WorkerData } from "./messages.ts";
import { packGroup, unpackOutcomes } from "./packed-group.ts";
import { newestSchemaVersion } from "./schema.ts";

export interface WorkerEngineOptions extends DatabaseOptions {
  /** Sees the thread before it has opened anything; for tests of what happens when it dies. */
  readonly onWorker?: (worker: Worker) => void;
}

/**
 * Starts the storage thread and waits until it has opened the database.
 *
 * @throws {StorageSchemaTooNew} A newer server wrote the database.
 * @throws {Error} Whatever kept the thread from opening it.
 */
export async function startWorkerEngine({ onWorker, ...options }: WorkerEngineOptions): Promise<Engine> {
  // Beside this file under the same ending: .ts in the source tree, .js in the build.
  const file = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
  // Without the flags of the process, of which some (such as --input-type) do not fit a worker.
  const worker = new Worker(file, { workerData: options satisfies WorkerData, name: "solo-storage", execArgv: [] });
  onWorker?.(worker);
  // Rejects with the thread's error if it ends by one before it has said anything.
  const [first] = (await once(worker, "message")) as [FromWorker];
  if (first.kind === "schema-too-new") {
    await worker.terminate();
    throw new StorageSchemaTooNew({ found: first.found, newestKnown: newestSchemaVersion });
  }
  return new WorkerEngine(worker).asEngine();
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** The near end of the thread: sends the requests of one turn together, and knows when the thread died. */
class WorkerEngine {
  readonly #worker: Worker;
  /** In the order of asking, which is that of the answers. */
  readonly #pending: Pending[] = [];
  readonly #broken = Promise.withResolvers<Error>();
  #unsent: Request[] = [];
  #closing = false;
  #breakage: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "replies") this.#settle(message.replies);
    });
    worker.on("error", (error) => this.#break(error));
    worker.on("exit", (code) => this.#break(new Error(`The storage thread ended with code ${code}`)));
  }

  asEngine(): Engine {
    return {
      commit: async (group) => unpackOutcomes(await this.#request("commit", packGroup(group))),
      readEvents: (argument) => this.#request("readEvents", argument),
      head: (argument) => this.#request("head", argument),
      heads: (argument) => this.#request("heads", argument),
      getRecord: (argument) => this.#request("getRecord", argument),
      usage: (argument) => this.#request("usage", argument),
      listRecords: (argument) => this.#request("listRecords", argument),
      getArtifact: (argument) => this.#request("getArtifact", argument),
      close: () => this.#close(),
      broken: this.#broken.promise,
    };
  }

  #request<Name extends keyof CarriedOperations>(
    operation: Name,
    argument: Parameters<CarriedOperations[Name]>[0],
  ): Promise<ReturnType<CarriedOperations[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#breakage !== undefined) return reject(new StorageUnavailable("broken", { cause: this.#breakage }));
      this.#pending.push({ resolve, reject });
      this.#unsent.push({ operation, argument } as Request);
      if (this.#unsent.length === 1) queueMicrotask(() => this.#send());
    });
  }

  #send(): void {
    const requests = this.#unsent;
    this.#unsent = [];
    const values = requests.flatMap((request) =>
      request.operation === "commit" ? [request.argument.bytes.buffer] : [],
    );
    this.#post({ kind: "requests", requests }, values);
  }

  #post(message: ToWorker, moved: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, moved);
  }

  #settle(replies: readonly Reply[]): void {
    const answered = this.#pending.splice(0, replies.length);
    for (const [index, { resolve }] of answered.entries()) resolve(replies[index] as never);
  }

  #break(error: Error): void {
    if (this.#closing || this.#breakage !== undefined) return;
    this.#breakage = error;
    for (const { reject } of this.#pending.splice(0)) reject(new StorageUnavailable("broken", { cause: error }));
    this.#broken.resolve(error);
  }

  async #close(): Promise<void> {
    if (this.#breakage !== undefined) return;
    this.#closing = true;
    const exited = once(this.#worker, "exit");
    this.#post({ kind: "close" });
    await exited;
  }
}
