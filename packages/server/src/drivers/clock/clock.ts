import { decodeArguments } from "../../cells/guest/json.ts";
import type { Asker, CallOperation, Driver } from "../driver.ts";
import { argumentsRefused } from "../refusals.ts";
import { readTimer, readTimerId, type SetOperation } from "./read-timer.ts";
import type { Timer } from "./timer.ts";
import { type TimerOwner, Timers, type TimersOptions } from "./timers.ts";

/** `ctx.clock`, and what the kernel itself needs of it. */
export interface ClockDriver extends Driver {
  /** Drops the timers of a service that is gone for good. */
  forget(owner: TimerOwner): Promise<void>;
  /** The services that have timers. */
  owners(): readonly TimerOwner[];
}

/** Timers that outlive the service and the server: each casts a method of the service that set it. */
export function clockDriver(options: TimersOptions): ClockDriver {
  let timers: Timers | undefined;
  // Operations run in the driver's process only, and that has opened them.
  const opened = (): Timers => timers as Timers;
  const setting = (operation: SetOperation): CallOperation => ({
    kind: "call",
    abilities: ["clock/schedule"],
    plan: (args, asker) => {
      const timer = readTimer(operation, args, options.clock.wallMs());
      return { needs: [needOf(asker, operation)], run: async () => viewOf(await opened().set(asker, timer)) };
    },
  });
  return {
    name: "clock",
    operations: {
      after: setting("after"),
      at: setting("at"),
      every: setting("every"),
      cron: setting("cron"),
      cancel: {
        kind: "call",
        abilities: ["clock/schedule"],
        plan: (args, asker) => {
          const id = readTimerId("clock.cancel", args);
          return { needs: [needOf(asker, "cancel")], run: () => opened().cancel(asker, id) };
        },
      },
      list: {
        kind: "call",
        abilities: ["clock/schedule"],
        plan: (args, asker) => {
          if (args.length > 0) {
            throw argumentsRefused("clock.list", { field: "arguments", found: `${args.length}`, wanted: "none" });
          }
          return { needs: [needOf(asker, "list")], run: async () => opened().list(asker).map(viewOf) };
        },
      },
    },
    open: async () => {
      const mine = await Timers.open(options);
      timers = mine;
      return { close: async () => mine.close() };
    },
    forget: async (owner) => timers?.forget(owner),
    owners: () => timers?.owners() ?? [],
  };
}

const needOf = ({ serviceId }: Asker, operation: string) =>
  ({ ability: "clock/schedule", path: `clock/${serviceId}`, arguments: { operation } }) as const;

/** As its service sees it. */
const viewOf = ({ id, method, args, schedule, dueAtMs, firings }: Timer) => ({
  id,
  method,
  args: decodeArguments(Buffer.from(args)),
  schedule,
  dueAtMs,
  firings,
});
