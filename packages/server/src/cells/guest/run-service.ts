import type { Ending, Level } from "../protocol.ts";
import { describeError } from "./describe-error.ts";

export class ServiceEnded extends Error {}
export class UnknownMethod extends Error {
  constructor(method: string) {
    super(`Unknown method "${method}"`);
  }
}

export interface ServiceSurroundings {
  readonly serviceId: string;
  readonly tenant: string;
  log(level: Level, text: string): void;
  call(
    target: string,
    method: string,
    args: readonly unknown[],
    timeoutMs: number,
    refused: (reason: string, message: string) => Error,
  ): Promise<unknown>;
  cast(target: string, method: string, args: readonly unknown[]): void;
}

export interface RunningService {
  readonly calls: readonly string[];
  readonly casts: readonly string[];
  call(method: string, args: unknown[], timeoutMs: number): Promise<unknown>;
  cast(method: string, args: unknown[]): void;
  stop(): Promise<void>;
  readonly ended: Promise<Ending>;
}

// INTERIM until actor-core runs.
export async function runService(
  definition: unknown,
  args: readonly unknown[],
  surroundings: ServiceSurroundings,
): Promise<RunningService> {
  const d = definition as { init: Function; calls?: Record<string, Function>; casts?: Record<string, Function> };
  const ctx = surroundings;
  let state = await d.init({ ctx }, ...args);
  let finish: (ending: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => {
    finish = resolve;
  });
  let tail: Promise<unknown> = Promise.resolve();
  const crash = (e: unknown): never => {
    const x = describeError(e);
    finish({ kind: "crash", normal: false, message: x.message, ...(x.stack === undefined ? {} : { detail: x.stack }) });
    throw new ServiceEnded();
  };
  return {
    calls: Object.keys(d.calls ?? {}),
    casts: Object.keys(d.casts ?? {}),
    ended,
    call(method, values) {
      const handler = Object.hasOwn(d.calls ?? {}, method) ? d.calls?.[method] : undefined;
      if (handler === undefined) return Promise.reject(new UnknownMethod(method));
      const result = tail.then(async () => {
        try {
          const r = await handler({ state, ctx }, ...values);
          state = r.state;
          return r.reply;
        } catch (e) {
          return crash(e);
        }
      });
      tail = result.catch(() => {});
      return result;
    },
    cast(method, values) {
      tail = tail
        .then(async () => {
          try {
            state = await d.casts?.[method]?.({ state, ctx }, ...values);
          } catch (e) {
            crash(e);
          }
        })
        .catch(() => {});
    },
    async stop() {
      finish({ kind: "stop", normal: true, message: "Stopped" });
    },
  };
}
