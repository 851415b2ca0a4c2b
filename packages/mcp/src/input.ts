import { Manifest } from "@solo/proto";
import { nanoid } from "nanoid";
import { z } from "zod";
import { docOfField } from "./json-schema.ts";
import { fieldsOfMessage, protoJson } from "./message-input.ts";

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

/** How a service is run. */
export const manifestInput = {
  ...fieldsOfMessage("Manifest"),
  start_arguments: z.array(z.unknown()).optional().describe("Handed to `init` behind the setup"),
};

/** The manifest on the wire; what was left out is the server's default there. */
export function manifestOf(input: Readonly<Record<string, unknown>>): Manifest {
  const told = Object.fromEntries(Object.keys(manifestInput).map((name) => [name, input[name]]));
  const { start_arguments: startArguments, ...rest } = told;
  const manifest = Manifest.fromJSON(protoJson("Manifest", rest));
  if (Array.isArray(startArguments)) manifest.startArguments = Buffer.from(JSON.stringify(startArguments));
  return manifest;
}

/** Milliseconds that a start may take by its manifest: the server's default where that says nothing, and sending and answering beside it. */
export const startTimeoutOf = ({ limits }: Manifest): number => (limits?.startTimeoutMs || 5_000) + 30_000;

export const freshRequestId = (): string => nanoid();
