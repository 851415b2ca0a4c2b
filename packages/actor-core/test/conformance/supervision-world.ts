import {
  type ChildInfo,
  type ChildSpec,
  type CompleteChildSpec,
  describeExit,
  Exit,
  type ExitReason,
  type Pid,
  type ProcessBody,
  type StartResult,
  type SupervisorDefinition,
  type SupervisorRef,
  startSupervisor,
  supervisorRef,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { obedient, startWorld, type World } from "./world.ts";

/** A world in which children are seen to start and to end. `T`, the trapping one, is the supervisors' starter. */
export interface SupervisionWorld extends World {
  /** `start a`, `fail a` and `end a shutdown` of the children, in the order of happening. Empties what it gives. */
  told(): string[];
  /** While it holds an id, starts of that child fail with the reason. */
  readonly failing: Map<string, ExitReason>;
  /** A permanent worker that does what functions sent to it say. Does not trap exits unless its body does. */
  child(id: string, spec?: Partial<ChildSpec>, body?: ProcessBody): ChildSpec;
  /** The pid a child started as last. */
  pid(id: string): Pid;
  /** Lets a child end itself. */
  end(id: string, reason: ExitReason): Promise<void>;
  kill(id: string): Promise<void>;
  /** Starts a supervisor with intensity 2 in 3,600 s, unless told otherwise, and expects that it starts. */
  supervise(definition: SupervisorDefinition): Promise<{ readonly pid: Pid; readonly ref: SupervisorRef }>;
  /** Waits for a promise while everything happens that can happen without time. */
  settled<T>(promise: Promise<T>): Promise<T>;
}

export async function startSupervisionWorld(): Promise<SupervisionWorld> {
  const world = await startWorld();
  const { system, trapping } = world;
  const failing = new Map<string, ExitReason>();
  const pids = new Map<string, Pid>();
  let log: string[] = [];

  const pid = (id: string): Pid => {
    const found = pids.get(id);
    if (found === undefined) throw new Error(`child ${id} was never started`);
    return found;
  };
  return {
    ...world,
    failing,
    pid,
    told() {
      const told = log;
      log = [];
      return told;
    },
    child: (id, spec = {}, body = obedient) => ({
      id,
      shutdown: 1_000,
      async start(supervisor): Promise<StartResult> {
        const reason = failing.get(id);
        const failingBody: ProcessBody = {
          init: () => ({ kind: "error", reason: reason ?? Exit.normal }),
          handle() {},
        };
        const result = await supervisor.start(reason === undefined ? body : failingBody, { link: true });
        if (result.kind === "error") log.push(`fail ${id}`);
        if (result.kind === "ok") {
          pids.set(id, result.pid);
          log.push(`start ${id}`);
          void system.exited(result.pid).then((ended) => log.push(`end ${id} ${describeExit(ended)}`));
        }
        return result;
      },
      ...spec,
    }),
    async end(id, reason) {
      system.send(pid(id), (self: { exit(reason: ExitReason): never }) => self.exit(reason));
      await quiesce(system);
    },
    async kill(id) {
      system.exitSignal(pid(id), Exit.kill);
      await quiesce(system);
    },
    async supervise(definition) {
      const result = await startSupervisor(trapping.self, { maxRestarts: 2, periodMs: 3_600_000, ...definition });
      if (result.kind !== "ok") throw new Error(`the supervisor did not start: ${JSON.stringify(result)}`);
      return { pid: result.pid, ref: supervisorRef(system, result.pid) };
    },
    async settled(promise) {
      await quiesce(system);
      return promise;
    },
  };
}

/** A child that traps exits and takes its time before it ends. */
export const slowToStop = (delayMs: number): ProcessBody => ({
  init(self) {
    self.trapExit(true);
  },
  handle: (message, self) => (typeof message === "function" ? message(self) : undefined),
  stop: (_reason, self) => self.sleep(delayMs),
});

/** A child that traps exits and ends with `reason` whatever it is told. */
export const endingWith = (reason: ExitReason): ProcessBody => ({
  init(self) {
    self.trapExit(true);
  },
  handle() {},
  stop: (_reason, self) => self.exit(reason),
});

/** A list of children in short: `a` runs, `b!` is stopped, `c?` waits for a restart. */
export function inShort(children: readonly ChildInfo[]): string[] {
  const marks = { running: "", stopped: "!", restarting: "?" } as const;
  return children.map(({ id, status }) => `${id}${marks[status.kind]}`);
}

/** A spec without its start function, to be compared. */
export function readable(spec: CompleteChildSpec | undefined): unknown {
  if (spec === undefined) return undefined;
  const { start: _start, ...rest } = spec;
  return rest;
}
