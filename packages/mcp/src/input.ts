import { messages } from "@solo/catalogue";
import type { Manifest } from "@solo/proto";
import { nanoid } from "nanoid";
import { z } from "zod";
import { docOfField } from "./json-schema.ts";

// What several tools are asked for, and what the wire makes of it. Descriptions are the proto's own.

export const serviceId = z.string().describe(docOfField("DeployRequest", "service_id"));

export const requestId = z
  .string()
  .optional()
  .describe(
    "Name of this change. The same one again, within 24 hours, gives the same answer and changes nothing twice",
  );

/** Bytes of text in one answer: a model pays for each. */
export const maxBytes = z
  .int()
  .min(1_000)
  .max(1_000_000)
  .default(16_000)
  .describe("Bytes of text in the answer at most, about four a token. What does not fit is there behind the cursor");

export const timeoutMs = (fallback: number) =>
  z.int().min(1).max(600_000).default(fallback).describe("Milliseconds to wait for the answer");

/** Limits by the names of the proto. */
const limits = z.strictObject(
  Object.fromEntries(
    messages.Limits.fields.map(({ name, doc }) => [
      name,
      z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional().describe(doc),
    ]),
  ),
);

/** How a service is run. */
export const manifestInput = {
  environment: z.record(z.string(), z.string()).optional().describe(docOfField("Manifest", "environment")),
  limits: limits.optional().describe("What it may use; what is left out has the server's default"),
  restart: z
    .enum(["permanent", "transient", "temporary"])
    .optional()
    .describe("Started again after it ended: always (the default), after an abnormal end, never"),
  max_restarts: z.int().min(0).optional().describe(docOfField("Manifest", "max_restarts")),
  restart_period_ms: z.int().min(1).optional().describe(docOfField("Manifest", "restart_period_ms")),
  log_level: z.enum(["debug", "info", "warn", "error"]).optional().describe(docOfField("Manifest", "log_level")),
  start_arguments: z.array(z.unknown()).optional().describe("Handed to `init` behind the setup"),
} as const;

const manifestObject = z.object(manifestInput);

const restartKinds = { permanent: 1, transient: 2, temporary: 3 } as const;
const logLevels = { debug: 1, info: 2, warn: 3, error: 4 } as const;

/** The manifest on the wire; a zero there is the server's default. */
export function manifestOf(input: z.output<typeof manifestObject>): Manifest {
  const { limits: given = {}, restart, log_level: logLevel, start_arguments: startArguments = [] } = input;
  const limit = (name: string): number => given[name] ?? 0;
  return {
    environment: input.environment ?? {},
    logLevel: logLevel === undefined ? 0 : logLevels[logLevel],
    limits: {
      memoryBytes: BigInt(limit("memory_bytes")),
      cpuPercent: limit("cpu_percent"),
      processes: limit("processes"),
      startTimeoutMs: limit("start_timeout_ms"),
      stopTimeoutMs: limit("stop_timeout_ms"),
      mailboxMessages: limit("mailbox_messages"),
      mailboxBytes: BigInt(limit("mailbox_bytes")),
    },
    restart: restart === undefined ? 0 : restartKinds[restart],
    maxRestarts: input.max_restarts,
    restartPeriodMs: input.restart_period_ms ?? 0,
    startArguments: Buffer.from(startArguments.length === 0 ? "" : JSON.stringify(startArguments)),
  };
}

export const freshRequestId = (): string => nanoid();
