import { Call, Cast, Exit, type ProcessHandler, type Self } from "@solo/actor-core";
import type { Grant } from "@solo/capabilities";
import { type GuestExit, GuestGone, type GuestSession, type OutgoingMessage } from "../cells/guest-session.ts";
import { ProgramRefused } from "../cells/program/errors.ts";
import { RenewedMap } from "../cells/renewed-map.ts";
import type { DriverTable } from "../cells/wire/protocol.ts";
import type { EventBody } from "../events/event.ts";
import { traceIdOf } from "../observability/traceparent.ts";
import type { Clock } from "../ports/clock.ts";
import { ArtifactCorrupt, ArtifactMissing } from "../storage/errors.ts";
import type { Cause } from "./cause.ts";
import type { DeployedService } from "./deployed-service.ts";
import type { HealthKeeper } from "./health-keeper.ts";
import { keepTime } from "./keep-time.ts";
import type { LimitReporter } from "./limit-reporter.ts";
import type { LogLine } from "./log-buffer.ts";
import type { CallMessage, CastMessage, ServiceOutcome } from "./service-messages.ts";
import type { OpenedGuest, StartingGuest } from "./starting-guest.ts";

/** What the actors of all services stand on. */
export interface ServiceActorContext {
  readonly clock: Clock;
  readonly limits: LimitReporter;
  readonly health: HealthKeeper;
  /** Told of every end that nobody asked for and that was not planned. */
  readonly onCrashed: (cause: Cause) => void;
  /** What a service with these grants finds in its `ctx`. */
  readonly driversFor: (serviceId: string, grants: readonly Grant[]) => DriverTable;
  /** Called for each incarnation: gives what delivers all that its guest sends. */
  readonly openOutlet: (service: DeployedService) => Outlet;
}

/** Where all goes that one incarnation of a service sends. */
export interface Outlet {
  deliver(message: OutgoingMessage): void;
  /** Writes down what it says. */
  log(line: Omit<LogLine, "sequence">): void;
  /** The incarnation has ended. */
  close(): void;
}

/** One attempt to bring a service up. */
export interface Attempt {
  /** 1 for the start asked for by hand, or by recovery. */
  readonly number: number;
  /** Somebody waits for the outcome and ends the supervisor when it failed; other attempts fail by crashing. */
  readonly awaited: boolean;
  /** The guest that this attempt is about, under way or begun now. The attempt owns it. */
  readonly guest: () => StartingGuest;
  /** Puts the acceptance on disk, if it is not there yet. Nothing that the guest sends leaves its cell before. */
  readonly accept: () => Promise<unknown>;
  /** The service answers; what rejects makes the attempt fail. */
  readonly started: (event: StartedEvent) => Promise<void>;
  /** Told why the attempt failed; nothing of it is left then. */
  readonly failed: (cause: Cause) => void;
}

export type StartedEvent = Extract<EventBody, { type: "service.started" }>;

class Boot {}

class GuestEnded {
  readonly exit: GuestExit;
  constructor(exit: GuestExit) {
    this.exit = exit;
  }
}

/**
 * Runs one incarnation of a service: takes a cell, starts the guest in it, passes messages in and answers out, and ends when
 * the guest does. It never waits for an answer inside a handler, so services that call each other cannot deadlock here.
 *
 * It owns its cell: whatever ends the actor ends the cell.
 */
export function serviceActor(context: ServiceActorContext, service: DeployedService, attempt: Attempt): ProcessHandler {
  const { limits } = service.record.manifest;
  let session: GuestSession | undefined;

  const handleCall = (call: Call): void => {
    const request = call.request as CallMessage;
    const { method, args, timeoutMs, lent, trace, correlationId, handled } = request;
    request.taken = true;
    const answer = (outcome: ServiceOutcome): void => {
      handled();
      call.from.reply(outcome);
    };
    (session as GuestSession)
      .call({ method, args, timeoutMs, lent, trace, correlationId })
      .then(answer, (error: unknown) => {
        if (!(error instanceof GuestGone)) return answer({ kind: "died", message: String(error) });
        const { cause } = error.exit;
        answer({ kind: "died", message: cause.message, cause });
      });
  };

  const handleCast = (cast: Cast): void => {
    const { method, args, trace, correlationId, handled } = cast.request as CastMessage;
    void (session as GuestSession).cast({ method, args, trace, correlationId }).then(handled);
  };

  const handleEnd = (exit: GuestExit, self: Self): never => {
    service.incarnation = undefined;
    service.actor = undefined;
    service.lastEnd = exit;
    const { serviceId, record } = service;
    const { version } = record;
    const { cause } = exit;
    const correlationId = exit.correlationId ?? record.correlationId;
    const origin = { correlationId, actor: "kernel" };
    const type = exit.normal ? "service.ended" : "service.crashed";
    const kept = service.keep({ ...record, lastCause: cause });
    service.journal.note({ events: [{ type, serviceId, version, cause }], origin, record: kept });
    service.advance({ type: "crashed" });
    // Whatever it was that it stood still at is gone with it.
    context.health.advances(service);
    if (cause.kind === "oom") {
      context.limits.reached(service, "memoryBytes", "hard", limits.memoryBytes, correlationId);
    }
    if (!exit.normal) context.onCrashed(cause);
    return self.exit(exit.normal ? Exit.normal : Exit.of(cause));
  };

  let interrupted = false;

  const boot = async (self: Self): Promise<Cause | undefined> => {
    // A restart that the supervisor had begun before it heard of the stop.
    interrupted = service.state === "stopping";
    service.interruptStart = () => {
      interrupted = true;
      session?.kill();
    };
    const outcome = await bringUp(context, service, attempt, (opened) => {
      session = opened;
      if (interrupted || self.signal.aborted) opened.kill();
      // Whatever ends this actor, also a kill, ends the cell.
      self.signal.addEventListener("abort", () => opened.kill());
    });
    service.interruptStart = undefined;
    if (outcome.kind === "failed") {
      return interrupted ? { kind: "server", message: "it was stopped before it had started" } : outcome.cause;
    }
    const { incarnation } = outcome;
    service.incarnation = incarnation;
    service.actor = self.pid;
    // What is sent from then on waits for the next incarnation, also what a caller sends who has just heard of the end.
    const leave = (): void => {
      if (service.incarnation !== incarnation) return;
      service.incarnation = undefined;
      service.actor = undefined;
    };
    self.signal.addEventListener("abort", () => {
      leave();
      // What was still in the actor's own mailbox, nobody else gives back.
      for (const handled of incarnation.unhandled.values()) handled();
    });
    const { number } = attempt;
    const { serviceId, record } = service;
    const { cell, session: running } = incarnation;
    try {
      await attempt.started({
        type: "service.started",
        serviceId,
        version: record.version,
        attempt: number,
        warm: cell.warm,
        elapsedMs: Math.round((context.clock.nowMs() - outcome.begunAtMs) * 100) / 100,
      });
    } catch (error) {
      leave();
      await end(running);
      return { kind: "server", message: `the start could not be recorded: ${String(error)}` };
    }
    void running.exited.then((exit) => {
      leave();
      if (!self.signal.aborted) self.send(self.pid, new GuestEnded(exit));
    });
    return undefined;
  };

  const bring = async (self: Self): Promise<void> => {
    const cause = await boot(self);
    if (cause === undefined) return;
    attempt.failed(cause);
    // Who interrupted it stops this actor too.
    if (!attempt.awaited && !interrupted) handleEnd({ normal: false, cause }, self);
  };

  return {
    // The cell is brought up behind this, in a turn of the actor's own: a supervisor that starts a child does nothing else
    // meanwhile, and a service that takes its time must not keep its tenant's other services waiting.
    init(self) {
      self.trapExit(true);
      self.send(self.pid, new Boot());
    },

    handle(message, self) {
      if (message instanceof Call) return handleCall(message);
      if (message instanceof Cast) return handleCast(message);
      if (message instanceof GuestEnded) return handleEnd(message.exit, self);
      if (message instanceof Boot) return bring(self);
      return undefined;
    },

    async stop() {
      service.incarnation = undefined;
      service.actor = undefined;
      if (session === undefined) return;
      if (service.killAtOnce) {
        await end(session);
        return;
      }
      const stopping = session;
      const cancel = keepTime(context, service, "stopTimeoutMs", () => stopping.kill());
      stopping.stop();
      await stopping.exited;
      cancel();
    },
  };
}

type BroughtUp =
  | {
      readonly kind: "started";
      readonly incarnation: NonNullable<DeployedService["incarnation"]>;
      readonly begunAtMs: number;
    }
  | { readonly kind: "failed"; readonly cause: Cause };

/** From nothing to a guest whose `init` has returned, within the start time; on failure nothing is left. */
async function bringUp(
  context: ServiceActorContext,
  service: DeployedService,
  attempt: Attempt,
  onSession: (session: GuestSession) => void,
): Promise<BroughtUp> {
  const { clock } = context;
  const guest = attempt.guest();
  const { begunAtMs } = guest;
  const outlet = context.openOutlet(service);
  let isAccepted = false;
  let waiting = 0;
  guest.attach({
    onLog: ({ trace, ...line }) => {
      outlet.log({ atMs: clock.wallMs(), ...line, correlationId: traceIdOf(trace) });
    },
    // Whatever happens inside, nothing leaves the cell before it is on record that the service was accepted; nor before what waits
    // for that.
    onOutgoing: (message) => {
      if (isAccepted && waiting === 0) return outlet.deliver(message);
      waiting += 1;
      void attempt.accept().then(
        () => {
          isAccepted = true;
          waiting -= 1;
          outlet.deliver(message);
        },
        // It would wait for an answer that cannot come.
        () => void guest.opened.then(({ session }) => session.kill()),
      );
    },
    onLimit: (limit, level, used, correlationId) => {
      const verdict = context.limits.reached(service, limit, level, used, correlationId);
      if (verdict !== undefined) void guest.opened.then(({ session }) => session.end(verdict));
    },
  });
  let opened: OpenedGuest;
  try {
    opened = await guest.opened;
  } catch (error) {
    outlet.close();
    if (error instanceof ProgramRefused) return { kind: "failed", cause: { kind: error.kind, message: error.message } };
    if (isOtherArtifact(error)) return { kind: "failed", cause: notAsDeployed(error) };
    return { kind: "failed", cause: { kind: "server", message: `no cell could be started: ${String(error)}` } };
  }
  const { cell, session } = opened;
  onSession(session);
  void session.exited.then(() => outlet.close());
  let overdueMs: number | undefined;
  const cancel = keepTime(context, service, "startTimeoutMs", (allowedMs) => {
    overdueMs = allowedMs;
    session.kill();
  });
  try {
    const outcome = await guest.outcome;
    if (outcome.kind === "failed") {
      await end(session);
      if (overdueMs === undefined) return { kind: "failed", cause: outcome.cause };
      const allowed = overdueMs;
      const message = `it had not started within ${allowed} ms`;
      const limit = { name: "start_timeout_ms", used: allowed, allowed };
      return { kind: "failed", cause: { kind: "start_timeout", message, limit } };
    }
    const { calls, casts, contract } = outcome;
    return {
      kind: "started",
      begunAtMs,
      incarnation: {
        cell,
        session,
        startedAtMs: clock.wallMs(),
        startedWithinMs: clock.nowMs() - begunAtMs,
        calls,
        casts,
        contract,
        held: undefined,
        unhandled: new RenewedMap(),
      },
    };
  } catch (error) {
    await end(session);
    if (isOtherArtifact(error)) return { kind: "failed", cause: notAsDeployed(error) };
    return { kind: "failed", cause: { kind: "server", message: `the start could not be prepared: ${String(error)}` } };
  } finally {
    cancel();
  }
}

/** What is on disk is not what was deployed: looked at whenever it is loaded, and never run. */
const isOtherArtifact = (error: unknown): error is ArtifactCorrupt | ArtifactMissing =>
  error instanceof ArtifactCorrupt || error instanceof ArtifactMissing;

const notAsDeployed = ({ message }: Error): Cause => ({
  kind: "artifact",
  message: `its artifact on the server's disk is not the one that was deployed: ${message}`,
});

async function end(session: GuestSession): Promise<void> {
  session.kill();
  await session.exited;
}
