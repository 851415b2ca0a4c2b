import type { Driver } from "../driver.ts";

/** `ctx.log`: this process writes down what services say. A line that it has not come to when it ends is written by the next. */
export const logDriver: Driver = {
  name: "log",
  operations: { write: { kind: "plain", abilities: ["log/write"] } },
};
