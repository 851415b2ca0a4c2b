import { randomBytes, randomUUID } from "node:crypto";
import type { CallOperation, Driver } from "../driver.ts";
import { argumentsRefused } from "../refusals.ts";

const mostBytes = 64 * 1024;

/** `ctx.random`: from the host's generator, through the one place where answers can be recorded and played again. */
export function randomDriver(): Driver {
  return {
    name: "random",
    operations: {
      bytes: operation((args) => {
        const count = args[0];
        if (args.length === 1 && Number.isSafeInteger(count) && Number(count) >= 0 && Number(count) <= mostBytes) {
          return () => randomBytes(Number(count));
        }
        const found = args.length === 1 ? String(count) : `${args.length} arguments`;
        throw argumentsRefused("random.bytes", {
          field: "count",
          found,
          wanted: `a whole number from 0 to ${mostBytes}`,
        });
      }),
      uuid: operation((args) => {
        if (args.length === 0) return () => randomUUID();
        throw argumentsRefused("random.uuid", { field: "arguments", found: `${args.length}`, wanted: "none" });
      }),
    },
  };
}

const operation = (read: (args: readonly unknown[]) => () => unknown): CallOperation => ({
  kind: "call",
  abilities: ["random/bytes"],
  plan: (args, { serviceId }) => {
    const make = read(args);
    return { needs: [{ ability: "random/bytes", path: `random/${serviceId}` }], run: async () => make() };
  },
});
