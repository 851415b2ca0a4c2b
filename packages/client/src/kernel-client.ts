import type { Client } from "./connect.ts";
import { errorOf } from "./error-of.ts";
import { type CallOptions, type Message, type RefOf, type Sender, serviceRef } from "./service.ts";

/** The part of `startKernel()` of `@solo/server/testing` that this needs. */
export interface TestKernel {
  call(serviceId: string, method: string, ...args: readonly unknown[]): Promise<unknown>;
  callWith(
    how: { readonly lend: readonly string[] },
    serviceId: string,
    method: string,
    ...args: readonly unknown[]
  ): Promise<unknown>;
  cast(serviceId: string, method: string, ...args: readonly unknown[]): Promise<void>;
  tenant(name: string): Pick<TestKernel, "call" | "callWith" | "cast">;
}

/**
 * The same client over a kernel in a test, without a socket.
 *
 * @example
 * await using kernel = await startKernel();
 * await kernel.deploy("counter", counter);
 * const solo = clientOf(kernel);
 * await solo.service<typeof counter>("counter").call("add", 2); // 2
 */
export function clientOf(kernel: TestKernel): Client {
  const holderOf = ({ tenant }: Message) => (tenant === "" ? kernel : kernel.tenant(tenant));
  const sender: Sender = {
    call: (message, options) => {
      const { lend = [] } = options;
      const { serviceId, method, args } = message;
      const holder = holderOf(message);
      const answer =
        lend.length === 0
          ? holder.call(serviceId, method, ...args)
          : holder.callWith({ lend }, serviceId, method, ...args);
      return within(message, options, answer);
    },
    cast: (message, options) =>
      within(message, options, holderOf(message).cast(message.serviceId, message.method, ...message.args)),
  };
  return {
    service: <Definition>(name: string) => serviceRef(sender, name, {}) as RefOf<Definition>,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Waits for an answer as long as the caller does; errors are the client's own. */
function within<T>({ serviceId, method }: Message, { timeoutMs, signal }: CallOptions, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            const message = `Cannot wait longer for "${serviceId}" to answer "${method}"`;
            settle(() => reject(errorOf("CALL_TIMED_OUT", message, { found: `no answer within ${timeoutMs} ms` })));
          }, timeoutMs);
    const abort = (): void => settle(() => reject(signal?.reason));
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      how();
    };
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
    answer.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(translated(error))),
    );
  });
}

function translated(error: unknown): unknown {
  const { code, message, facts } = error as {
    readonly code?: unknown;
    readonly message?: string;
    readonly facts?: object;
  };
  return typeof code === "string" && facts !== undefined
    ? errorOf(code, message ?? code, facts, { cause: error })
    : error;
}
