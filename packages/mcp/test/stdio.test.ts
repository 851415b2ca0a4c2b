// The tools as a model's client has them: `solo mcp` in a process of its own, the protocol's own client, a real server.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { makeDataFolder, type ServerProcess, startServer } from "../../server/test/server-process.ts";
import { describeTools } from "./all-tools.ts";
import { connectClient, type ToolClient } from "./tool-client.ts";

// Processes are started, and the machine may be busy with other tests.
jest.setTimeout(90_000);

const bin = fileURLToPath(new URL("../../cli/bin/solo.mjs", import.meta.url));
const data = makeDataFolder();
let server: ServerProcess;
let tools: ToolClient;

const transportTo = (profile: string): StdioClientTransport =>
  new StdioClientTransport({
    command: process.execPath,
    args: [bin, "mcp"],
    env: { SOLO_PROFILE: profile, HOME: data.folder },
    cwd: data.folder,
    stderr: "pipe",
  });

beforeAll(async () => {
  server = await startServer(data.folder);
  tools = await connectClient(transportTo(server.ready.profile));
});
afterAll(async () => {
  await tools.close();
  // Services that never answer would be given their whole time to stop.
  await server.kill();
  data.remove();
});

describe("over standard input and output", () => describeTools(() => tools));

test("without a profile the tools answer all the same, and say what is missing", async () => {
  const lost = await connectClient(transportTo("/nowhere"));
  expect((await lost.call("solo_list")).content.error).toMatchObject({ reason: "PROFILE_NOT_FOUND" });
  expect((await lost.call("solo_help", { topic: "limits" })).isError).toBe(false);
  await lost.close();
});

/** `solo mcp` with lines written to it by hand. */
function openRaw() {
  const child = spawn(process.execPath, [bin, "mcp"], {
    env: { ...process.env, SOLO_PROFILE: server.ready.profile },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const initialize = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } };
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: initialize })}\n`);
  const answered = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  return { child, exited, answered, stderr: () => stderr };
}

test("a client that leaves in the middle of a call takes the process with it", async () => {
  await tools.call("solo_deploy", {
    service_id: "abandoned",
    source:
      'import { defineServer } from "@solo/actor-core"; export default defineServer({ version: 1, init: () => 0, calls: { slow: () => new Promise<never>(() => undefined) } });',
  });
  const { child, exited, answered } = openRaw();
  await answered;
  const params = { name: "solo_call", arguments: { service_id: "abandoned", method: "slow" } };
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/call", params })}\n`);
  child.stdin.end();
  expect(await exited).toBe(0);
});

test("what is no message is answered with why, told on standard error too, and the client goes on", async () => {
  const { child, exited, answered, stderr } = openRaw();
  await answered;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value));
  const data = {
    reason: "REQUEST_MALFORMED",
    found: expect.any(String),
    wanted: expect.any(String),
    fix: expect.any(String),
  };
  for (const [line, id, code] of [
    ["not json", null, -32700],
    ["[]", null, -32600],
    ['{"jsonrpc":"2.0","id":5,"method":"tools/list","params":[1]}', 5, -32600],
  ] as const) {
    child.stdin.write(`${line}\r\n`);
    expect(await next()).toMatchObject({ jsonrpc: "2.0", id, error: { code, data } });
  }
  child.stdin.write(`\n${JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" })}\n`);
  expect(await next()).toEqual({ jsonrpc: "2.0", id: 2, result: {} });
  child.stdin.end();
  expect(await exited).toBe(0);
  expect(stderr()).toMatch(/^solo mcp: .*not valid JSON/);
});

test("a message without end is given up at 16 MiB", async () => {
  const { child, exited, answered, stderr } = openRaw();
  await answered;
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  const piece = "x".repeat(2 ** 20);
  for (let sent = 0; sent < 20; sent += 1) child.stdin.write(piece);
  expect(await exited).toBe(0);
  expect(JSON.parse(said).error.data).toMatchObject({
    reason: "REQUEST_TOO_LARGE",
    fix: expect.stringContaining("solo deploy"),
  });
  expect(stderr()).toContain("more than 16777216 bytes");
});
