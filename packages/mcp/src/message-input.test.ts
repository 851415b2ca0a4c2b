import { expect, test } from "@jest/globals";
import { Manifest } from "@solo/proto";
import { z } from "zod";
import { fieldsOfMessage, protoJson } from "./message-input.ts";

const schema = z.strictObject(fieldsOfMessage("Manifest"));

test("a manifest is told under the names of the proto, and its enums in words", () => {
  const told = schema.parse({
    environment: { MODE: "test" },
    log_level: "warn",
    restart: "transient",
    max_restarts: 0,
    limits: { memory_bytes: 67_108_864, cpu_percent: 25 },
  });
  expect(Manifest.fromJSON(protoJson("Manifest", told))).toEqual(
    Manifest.fromPartial({
      environment: { MODE: "test" },
      logLevel: 3,
      restart: 2,
      maxRestarts: 0,
      limits: { memoryBytes: 67_108_864n, cpuPercent: 25 },
    }),
  );
});

test.each([
  [{ restart: "sometimes" }, "restart"],
  [{ restart: "unspecified" }, "restart"],
  [{ limits: { memory: 1 } }, "limits"],
  [{ limits: { cpu_percent: "much" } }, "limits.cpu_percent"],
  [{ environment: { A: 1 } }, "environment.A"],
  [{ colour: "red" }, ""],
])("%j is refused at %j", (input, path) => {
  expect(schema.safeParse(input).error?.issues[0]?.path.join(".")).toBe(path);
});
