import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  appendLog,
  type Checkpoint,
  encodeEventEntry,
  formatVerifier,
  generateNoteKey,
  LogDamaged,
  LogFolder,
  type LogOwner,
  logFiles,
  logOrigin,
  NoteRefused,
  noteSigner,
  openCheckpoint,
  openLog,
  proveEntry,
  TILE_WIDTH,
  verifierOf,
} from "@solo/receipts";
import { nanoid } from "nanoid";
import { createPrivateFile, openPrivateFolder, readPrivateFile } from "../identity/private-file.ts";
import type { Logger } from "../observability/logger.ts";
import type { Clock } from "../ports/clock.ts";
import type { Storage } from "../ports/storage.ts";

/** From a change to the checkpoint that covers it. */
const INTERVAL_MS = 1_000;
/** After a failure of the disk. */
const RETRY_MS = 10_000;
/**
 * Events of one checkpoint at most: whole tiles, since one that is not full is written anew with each checkpoint. After each tile the
 * event loop turns.
 */
const BATCH = 3 * TILE_WIDTH;
/** Batches that closing waits for; the next start goes on. */
const LAST_BATCHES = 20;

export interface ReceiptsOptions {
  /** Holds a folder for each tenant's log. */
  readonly folder: string;
  /** Holds the key that signs: apart from the logs, which are made to be copied. */
  readonly keyFolder: string;
  /** Names the server for good. */
  readonly serverId: string;
  readonly storage: Pick<Storage, "events" | "state">;
  /** Where it is recorded that a log is broken. */
  readonly kernelTenant: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A tenant's newest checkpoint, to be kept where the server cannot change it. */
export interface SignedCheckpoint {
  readonly note: string;
  /** Key that checks it. */
  readonly verifier: string;
  /** Where the log's files are, on the server. */
  readonly folder: string;
}

/** That one event is in a tenant's log. */
export interface EventProof {
  /** C2SP tlog-proof. */
  readonly proof: string;
  /** Key that checks it. */
  readonly verifier: string;
}

/** A log that cannot be gone on with. */
export class ReceiptsBroken extends Error {
  override readonly name = "ReceiptsBroken";
  readonly tenant: string;
  readonly problem: string;

  constructor({ tenant, problem }: { readonly tenant: string; readonly problem: string }) {
    super(`Cannot go on with the receipts of tenant ${tenant}: ${problem}`);
    this.tenant = tenant;
    this.problem = problem;
  }
}

/**
 * Keeps a tamper-evident log of each tenant's events beside the database.
 *
 * It follows the durable history, so that it can neither slow nor stop what is recorded, and nothing that it could not write
 * is lost: it goes on from where its last checkpoint ends. A log that was changed is never overwritten.
 *
 * @returns To be closed before the storage.
 */
export async function openReceipts(options: ReceiptsOptions): Promise<Receipts> {
  const keyFile = join(options.keyFolder, "receipts-key.pem");
  await openPrivateFolder(options.keyFolder);
  let pem = await readPrivateFile(keyFile);
  if (pem === undefined) {
    pem = generateNoteKey();
    await createPrivateFile(keyFile, pem);
  }
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const receipts = new Receipts(options, pem);
  receipts.changed();
  return receipts;
}

type LogState =
  | { readonly kind: "whole"; readonly checkpoint: Checkpoint }
  | { readonly kind: "broken"; readonly problem: string };

export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #signer: LogOwner["signer"];
  readonly #logs = new Map<string, LogState>();
  /** One piece of work after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #cancelNext: (() => void) | undefined;
  #closing = false;

  constructor(options: ReceiptsOptions, pem: string) {
    this.#options = options;
    this.#signer = noteSigner(`solo.receipts/${options.serverId}`, pem);
  }

  /** Something was recorded: within a second it is in its log. Costs next to nothing. */
  changed(): void {
    this.#planRun(INTERVAL_MS);
  }

  /**
   * The tenant's newest checkpoint, once it covers all that is recorded now.
   *
   * @throws {ReceiptsBroken}
   */
  async checkpoint(tenant: string): Promise<SignedCheckpoint | undefined> {
    const head = await this.#options.storage.events.head(tenant);
    const state = await this.#enqueue(() => this.#catchUp(tenant, head));
    if (state.kind === "broken") throw new ReceiptsBroken({ tenant, problem: state.problem });
    const { folder } = this.#ownerOf(tenant);
    const note = new LogFolder(folder).text("checkpoint");
    return note === undefined ? undefined : { note, verifier: formatVerifier(verifierOf(this.#signer)), folder };
  }

  /**
   * A proof that an event of the tenant is in its log.
   *
   * @param sequence Of an event that is recorded.
   * @throws {ReceiptsBroken}
   */
  async prove(tenant: string, sequence: number): Promise<EventProof> {
    const head = await this.#options.storage.events.head(tenant);
    // In its turn: a log that grows meanwhile takes away the tiles that it has filled.
    return this.#enqueue(async () => {
      const state = await this.#catchUp(tenant, head);
      if (state.kind === "broken") throw new ReceiptsBroken({ tenant, problem: state.problem });
      const { folder } = this.#ownerOf(tenant);
      return {
        proof: proveEntry(new LogFolder(folder), sequence - 1),
        verifier: formatVerifier(verifierOf(this.#signer)),
      };
    });
  }

  /** Tenants whose logs cannot be gone on with, and why. */
  get problems(): readonly { readonly tenant: string; readonly problem: string }[] {
    return [...this.#logs].flatMap(([tenant, state]) =>
      state.kind === "broken" ? [{ tenant, problem: state.problem }] : [],
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelNext?.();
    await this.#enqueue(() => this.#run()).catch((error: unknown) => this.#warn(error));
  }

  #planRun(afterMs: number): void {
    if (this.#cancelNext !== undefined || this.#closing) return;
    this.#cancelNext = this.#options.clock.schedule(afterMs, () => {
      this.#cancelNext = undefined;
      this.#enqueue(() => this.#run()).catch((error: unknown) => {
        this.#warn(error);
        this.#planRun(RETRY_MS);
      });
    });
  }

  #warn(error: unknown): void {
    this.#options.logger.warn("Cannot write receipts; trying again", { error: String(error) });
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #run(): Promise<void> {
    for (const [tenant, head] of await this.#options.storage.events.heads()) await this.#catchUp(tenant, head);
  }

  /** @returns The state in which the log is then. */
  async #catchUp(tenant: string, head: number): Promise<LogState> {
    const owner = this.#ownerOf(tenant);
    let state = this.#logs.get(tenant);
    try {
      let checkpoint = state?.kind === "whole" ? state.checkpoint : undefined;
      if (state?.kind === "broken") return state;
      checkpoint ??= await this.#open(tenant, owner, head);
      for (let batches = 0; checkpoint.size < head && !(this.#closing && batches >= LAST_BATCHES); batches++) {
        const { size } = checkpoint;
        checkpoint = await appendLog(owner, checkpoint, await this.#entries(tenant, size, BATCH - (size % TILE_WIDTH)));
        this.#logs.set(tenant, { kind: "whole", checkpoint });
      }
      state = { kind: "whole", checkpoint };
    } catch (error) {
      if (!(error instanceof LogDamaged || error instanceof NoteRefused)) throw error;
      state = { kind: "broken", problem: error.message };
      this.#options.logger.error("The receipts of a tenant are broken: they do not go on", {
        tenant,
        problem: error.message,
        folder: owner.folder,
      });
      this.#logs.set(tenant, state);
      await this.#record(tenant, error.message);
    }
    this.#logs.set(tenant, state);
    return state;
  }

  /**
   * Goes on where the log ends, once that is what the history says.
   *
   * @throws {LogDamaged | NoteRefused} The log, or the history under it, was changed.
   */
  async #open(tenant: string, owner: LogOwner, head: number): Promise<Checkpoint> {
    let checkpoint: Checkpoint;
    try {
      checkpoint = openLog(owner);
    } catch (error) {
      if (!(error instanceof LogDamaged)) throw error;
      checkpoint = await this.#rebuild(tenant, owner, error);
    }
    const { size } = checkpoint;
    if (size > head) {
      throw new LogDamaged(`The log has ${size} entries, the history only ${head} events: it was set back`);
    }
    if (size > 0) {
      const [recorded] = await this.#entries(tenant, size - 1, 1);
      const logged = new LogFolder(owner.folder).entry(size - 1, size);
      if (recorded === undefined || Buffer.compare(recorded, logged) !== 0) {
        throw new LogDamaged(`Event ${size} of the history is not the one in the log`);
      }
    }
    return checkpoint;
  }

  /**
   * Writes the log's tiles anew from the history, as after a loss of power that took some of them: nothing in a log is synced
   * to disk. Only if they lead to the root that was signed.
   *
   * @throws {LogDamaged} They do not: the history was changed.
   */
  async #rebuild(tenant: string, owner: LogOwner, cause: LogDamaged): Promise<Checkpoint> {
    const files = new LogFolder(owner.folder);
    const signed = openCheckpoint(files.text("checkpoint") ?? "", verifierOf(this.#signer));
    if (signed.origin !== owner.origin) throw cause;
    const fresh = { ...owner, folder: `${owner.folder}.rebuilding` };
    await rm(fresh.folder, { recursive: true, force: true });
    let checkpoint = openLog(fresh);
    while (checkpoint.size < signed.size) {
      const entries = await this.#entries(tenant, checkpoint.size, Math.min(BATCH, signed.size - checkpoint.size));
      if (entries.length === 0) break;
      checkpoint = await appendLog(fresh, checkpoint, entries);
    }
    if (checkpoint.size !== signed.size || Buffer.compare(checkpoint.root, signed.root) !== 0) {
      await rm(fresh.folder, { recursive: true, force: true });
      throw new LogDamaged(`${cause.message}; and the history leads to another root than the signed one`);
    }
    await writeFile(join(fresh.folder, logFiles.history), files.text("history") ?? "");
    const aside = `${owner.folder}.damaged`;
    await rm(aside, { recursive: true, force: true });
    await rename(owner.folder, aside);
    await rename(fresh.folder, owner.folder);
    await rm(aside, { recursive: true, force: true });
    this.#options.logger.warn("Wrote damaged receipts anew; they lead to the root that was signed", {
      tenant,
      problem: cause.message,
    });
    return checkpoint;
  }

  async #entries(tenant: string, after: number, limit: number): Promise<readonly Uint8Array[]> {
    const records = await this.#options.storage.events.records({ tenant, after, limit });
    return records.map((record) => encodeEventEntry({ tenant, ...record }));
  }

  async #record(tenant: string, problem: string): Promise<void> {
    const { storage, kernelTenant } = this.#options;
    const event = {
      body: { type: "receipts.broken", ofTenant: tenant, problem },
      correlationId: nanoid(),
      actor: "kernel",
    } as const;
    await storage.state.commit({ tenant: kernelTenant, events: [event] });
  }

  #ownerOf(tenant: string): LogOwner {
    const { folder, serverId } = this.#options;
    return { folder: join(folder, tenant), origin: logOrigin(serverId, tenant), signer: this.#signer };
  }
}
