import {
  type Awaitable,
  type BackOffOptions,
  type Caller,
  type ChildSpec,
  Down,
  defineServer,
  dynamicSupervisorRef,
  type ExitReason,
  GaveUp,
  launchServer,
  type MonitorRef,
  reply,
  type Self,
  type SupervisorDefinition,
  serverRef,
  startDynamicSupervisor,
  withBackOff,
} from "@solo/actor-core";

export interface JobQueueOptions<Job> {
  readonly name: string;
  /** Does one job. A throw is an attempt that has failed. */
  readonly work: (job: Job, self: Self) => Awaitable<void>;
  /** How many jobs are under way at once, those that wait for their next attempt among them. */
  readonly maxInFlight: number;
  /** When a job that has failed is tried again; after `maxRestarts` it is parked. */
  readonly retry: BackOffOptions;
  /** How long a running attempt may take once the queue is stopped. */
  readonly graceMs: number;
}

interface State<Job> {
  readonly waiting: readonly Job[];
  readonly inFlight: ReadonlyMap<MonitorRef, Job>;
  readonly parked: readonly { readonly job: Job; readonly reason: ExitReason }[];
  readonly done: number;
}

/** A queue in memory: `supervisor` runs it, and `ref` gives it jobs. */
export function defineJobQueue<Job>(options: JobQueueOptions<Job>) {
  const workers = `${options.name} workers`;
  const queue = defineServer({
    version: 1,
    init: (): State<Job> => ({ waiting: [], inFlight: new Map(), parked: [], done: 0 }),
    calls: {
      status: ({ state }) => {
        const { waiting, inFlight, parked, done } = state;
        return reply({ waiting: waiting.length, inFlight: inFlight.size, parked, done }, state);
      },
    },
    casts: {
      push: ({ state, ctx }, job: Job) => beginJobs({ ...state, waiting: [...state.waiting, job] }, ctx.self),
    },
    info: ({ state, ctx }, message) => (message instanceof Down ? beginJobs(settle(state, message), ctx.self) : state),
  });

  /** Fills what room there is. */
  async function beginJobs(state: State<Job>, self: Self): Promise<State<Job>> {
    const room = options.maxInFlight - state.inFlight.size;
    const inFlight = new Map(state.inFlight);
    for (const job of state.waiting.slice(0, room)) {
      const child = await dynamicSupervisorRef(self, workers).startChild(workerOf(job, options));
      if (child.kind !== "ok") throw new Error(`Cannot begin job: ${child.kind}`);
      inFlight.set(self.monitor(child.pid), job);
    }
    return { ...state, waiting: state.waiting.slice(room), inFlight };
  }

  const supervisor: SupervisorDefinition = {
    strategy: "one-for-all",
    // They stop in reverse: once the queue is gone nothing begins, and what has begun may still be done.
    children: [
      { id: "workers", type: "supervisor", start: (parent) => startDynamicSupervisor(parent, {}, { name: workers }) },
      { id: "queue", start: (parent) => launchServer(parent, queue, { args: [], name: options.name, link: true }) },
    ],
  };
  return { supervisor, ref: (caller: Caller) => serverRef(caller, queue, options.name) };
}

/** A process for one job, tried again until it ends well or too often badly. */
function workerOf<Job>(job: Job, { work, retry, graceMs }: JobQueueOptions<Job>): ChildSpec {
  const attempt = async (self: Self): Promise<void> => {
    // Asked to stop it goes on: to a process that traps exits that is but a message, and it reads none.
    self.trapExit(true);
    self.acknowledge();
    await work(job, self);
  };
  const start: ChildSpec["start"] = (parent) => parent.start(attempt, { link: true });
  return withBackOff({ id: "job", start, restart: "transient", shutdown: graceMs }, retry);
}

function settle<Job>(state: State<Job>, { monitor, reason }: Down): State<Job> {
  const job = state.inFlight.get(monitor);
  if (job === undefined) return state;
  const inFlight = new Map(state.inFlight);
  inFlight.delete(monitor);
  if (reason.kind === "normal") return { ...state, inFlight, done: state.done + 1 };
  const cause = reason.kind === "shutdown" && reason.detail instanceof GaveUp ? reason.detail.reason : reason;
  return { ...state, inFlight, parked: [...state.parked, { job, reason: cause }] };
}
