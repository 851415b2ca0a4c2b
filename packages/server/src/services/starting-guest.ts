import {
  type GuestSession,
  type OutgoingMessage,
  openGuestSession,
  type SessionBounds,
  type SessionHandlers,
  type SessionLimit,
  type StartOutcome,
  type StartRequest,
} from "../cells/guest-session.ts";
import { execFailure } from "../cells/program/exec-failure.ts";
import type { ArtifactForm, Program } from "../ports/artifact.ts";
import type { Cell, CellProgram, Sandbox } from "../ports/cell.ts";
import { actionAt, cellLimitsOf, softLimit } from "./limit-rules.ts";
import type { Manifest } from "./service-record.ts";

/** What a guest is begun with; everything but the artifact is known at once. */
export interface GuestRequest extends Pick<StartRequest, "serviceId" | "tenant" | "fileName" | "drivers" | "contents"> {
  readonly form: ArtifactForm;
  /** The artifact. */
  readonly source: Uint8Array | Promise<Uint8Array>;
  readonly manifest: Manifest;
}

/** A cell with its guest's conversation. */
export interface OpenedGuest {
  readonly cell: Cell;
  readonly session: GuestSession;
}

/**
 * A guest on its way up, from the taking of its cell on.
 *
 * It may be begun before it is known what will become of it, since starting takes longer than the look-ups and the processes
 * around it: until it is attached to an owner, what it logs and sends is held back, and whoever began it must abandon it
 * when nobody attaches.
 */
export class StartingGuest {
  readonly begunAtMs: number;
  /** The cell, as soon as there is one. @throws {CellLaunchFailed} */
  readonly opened: Promise<OpenedGuest>;
  /** What came of the start. Rejects when there is no cell or no source. */
  readonly outcome: Promise<StartOutcome>;
  #handlers: SessionHandlers | undefined;
  #held: ((handlers: SessionHandlers) => void)[] = [];
  #abandoned = false;

  constructor(sandbox: Sandbox, request: GuestRequest, nowMs: number) {
    this.begunAtMs = nowMs;
    this.opened = this.#open(sandbox, request);
    this.outcome = this.#start(request);
    // All are looked at by who attaches; a guest that is abandoned fails unheard. The source may fail before there is a cell for it.
    if (request.source instanceof Promise) request.source.catch(() => undefined);
    this.opened.catch(() => undefined);
    this.outcome.catch(() => undefined);
  }

  get attached(): boolean {
    return this.#handlers !== undefined;
  }

  /** Makes the caller its owner, who must kill its session. Hands over what was held back, in order. */
  attach(handlers: SessionHandlers): void {
    this.#handlers = handlers;
    for (const handOver of this.#held.splice(0)) handOver(handlers);
  }

  /** Kills it, unless it has an owner. */
  abandon(): void {
    if (this.attached) return;
    this.#abandoned = true;
    void this.opened.then(({ session }) => session.kill());
  }

  async #open(sandbox: Sandbox, request: GuestRequest): Promise<OpenedGuest> {
    const { form, manifest } = request;
    const limits = cellLimitsOf(manifest);
    const cell =
      form.kind === "binary"
        ? await sandbox.run(programOf(request, form.program, await request.source), limits)
        : await sandbox.acquire(limits);
    const handlers: SessionHandlers = {
      onLog: (line) => this.#handOver((owner) => owner.onLog(line)),
      onOutgoing: (message: OutgoingMessage) => this.#handOver((owner) => owner.onOutgoing(message)),
      onLimit: (...facts) => this.#handOver((owner) => owner.onLimit(...facts)),
    };
    const session = openGuestSession(cell, handlers, { bounds: boundsOf(manifest) });
    return { cell, session };
  }

  async #start({ source, manifest, form, ...request }: GuestRequest): Promise<StartOutcome> {
    const { session } = await this.opened;
    const bytes = await source;
    if (this.#abandoned) throw new Error("The start was given up");
    const { environment, logLevel } = manifest;
    const startArguments = new TextEncoder().encode(manifest.startArguments);
    switch (form.kind) {
      case "source":
        return session.start({
          ...request,
          source: bytes,
          language: form.language,
          environment,
          logLevel,
          startArguments,
        });
      case "bundle":
        return session.start({ ...request, source: bytes, language: "bundle", environment, logLevel, startArguments });
      case "binary":
        return session.startProgram({ logLevel, startArguments, execFailure });
    }
  }

  #handOver(handOver: (handlers: SessionHandlers) => void): void {
    if (this.#handlers === undefined) this.#held.push(handOver);
    else handOver(this.#handlers);
  }
}

function boundsOf(manifest: Manifest): SessionBounds {
  const bound = (limit: SessionLimit) => {
    const hard = manifest.limits[limit];
    return { hard, soft: Math.min(hard, softLimit(manifest, limit)), holds: actionAt(manifest, limit) !== "warn" };
  };
  return {
    replyBytes: bound("replyBytes"),
    callsInFlight: bound("callsInFlight"),
    logLinesPerSecond: bound("logLinesPerSecond"),
  };
}

/** A program learns by its environment what a guest of ours is told. */
function programOf({ serviceId, tenant, manifest }: GuestRequest, program: Program, artifact: Uint8Array): CellProgram {
  const environment = { ...manifest.environment, SOLO_SERVICE_ID: serviceId, SOLO_TENANT: tenant };
  return { artifact, program, environment };
}
