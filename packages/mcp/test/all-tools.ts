import { expect, test } from "@jest/globals";
import { errors } from "@solo/catalogue";
import type { ToolClient } from "./tool-client.ts";

const counter = `import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: ({ ctx }, start: number = 0) => {
    ctx.log("info", "counting from " + start);
    return { count: start };
  },
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    text: ({ state }, length: number) => reply("x".repeat(length), state),
    nothing: ({ state }) => reply(undefined, state),
    slow: () => new Promise<never>(() => undefined),
    chat: ({ state, ctx }, lines: number) => {
      for (let line = 0; line < lines; line += 1) ctx.log("info", "z".repeat(8_000));
      return reply(null, state);
    },
    fail: () => { throw new Error("on purpose"); },
  },
  casts: {
    say: ({ state, ctx }, text: string) => { ctx.log("warn", text); return state; },
  },
});
`;

const archive = `import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    save: async ({ state, lent }, key: string) => {
      await (lent as any)?.kv.put(key, "text", { store: "papers" });
      return reply(lent === undefined ? "nothing is lent" : "saved", state);
    },
  },
});
`;

const toolNames = [
  "solo_help",
  "solo_deploy",
  "solo_call",
  "solo_status",
  "solo_list",
  "solo_logs",
  "solo_events",
  "solo_explain_error",
  "solo_redeploy",
  "solo_kill",
];

/** What holds of the tools, whatever they are reached through. */
export function describeTools(connection: () => ToolClient): void {
  const call: ToolClient["call"] = (name, args, options) => connection().call(name, args, options);

  test("ten tools are there, each with every annotation and both schemas", async () => {
    const { tools } = await connection().client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(toolNames);
    for (const { name, title, description, annotations, inputSchema, outputSchema } of tools) {
      expect([name, title, description]).toEqual([
        expect.stringMatching(/^[a-z_]{1,64}$/),
        expect.any(String),
        expect.any(String),
      ]);
      expect(annotations).toEqual({
        title,
        readOnlyHint: expect.any(Boolean),
        destructiveHint: expect.any(Boolean),
        idempotentHint: expect.any(Boolean),
        openWorldHint: expect.any(Boolean),
      });
      expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: "object", additionalProperties: false });
    }
  });

  test("a service is deployed, asked, told, shown, listed and killed", async () => {
    const deployed = await call("solo_deploy", { service_id: "counter", source: counter, start_arguments: [5] });
    expect(deployed).toMatchObject({
      isError: false,
      content: { service: { service_id: "counter", state: "running", version: 1, casts: ["say"] } },
      text: "counter is running, version 1; calls add, text, nothing, slow, chat, fail; casts say",
    });
    expect(await call("solo_call", { service_id: "counter", method: "add", arguments: [2] })).toEqual({
      isError: false,
      content: { delivered: true, reply: 7 },
      text: "7",
    });
    expect(await call("solo_call", { service_id: "counter", method: "nothing" })).toEqual({
      isError: false,
      content: { delivered: true },
      text: "undefined",
    });
    const told = { service_id: "counter", method: "say", arguments: ["heard"], wait: false };
    expect((await call("solo_call", told)).content).toEqual({ delivered: true });
    expect((await call("solo_status", { service_id: "counter" })).content.service.calls).toContain("add");
    expect((await call("solo_list")).content.services).toContainEqual(
      expect.objectContaining({ service_id: "counter", state: "running" }),
    );
    expect((await call("solo_kill", { service_id: "counter" })).text).toMatch(/^counter is killed/);
  });

  test("a call lends what it says, and nothing by itself", async () => {
    await call("solo_deploy", { service_id: "archive", source: archive });
    const save = (lend?: readonly string[]) =>
      call("solo_call", { service_id: "archive", method: "save", arguments: ["a"], ...(lend && { lend }) });
    expect((await save()).content.reply).toBe("nothing is lent");
    expect((await save(["kv/write on kv/papers/**"])).content.reply).toBe("saved");
    expect(await save(["kv/write"])).toMatchObject({
      isError: true,
      text: expect.stringContaining("CAPABILITY_MALFORMED"),
    });
  });

  test("a long reply is cut at the budget, and says how long it is", async () => {
    await call("solo_deploy", { service_id: "talker", source: counter });
    const { content } = await call("solo_call", {
      service_id: "talker",
      method: "text",
      arguments: [5_000],
      max_bytes: 1_000,
    });
    expect(content).toEqual({ delivered: true, reply_bytes: 5_002, reply_beginning: `"${"x".repeat(999)}` });
  });

  test("logs come in pieces that fit, and end where the cursor says", async () => {
    await call("solo_deploy", { service_id: "logger", source: counter });
    for (let line = 0; line < 20; line += 1) {
      await call("solo_call", {
        service_id: "logger",
        method: "say",
        arguments: [`${line} ${"y".repeat(100)}`],
        wait: false,
      });
    }
    // Answered behind them all.
    await call("solo_call", { service_id: "logger", method: "add", arguments: [1] });
    const texts: string[] = [];
    let pieces = 0;
    for (let cursor = "", more = true; more; ) {
      const { content } = await call("solo_logs", { service_id: "logger", cursor, max_bytes: 1_000 });
      expect(JSON.stringify(content.lines).length).toBeLessThan(1_100);
      texts.push(...content.lines.map(({ text }: { text: string }) => text.split(" ")[0]));
      ({ cursor, more } = content);
      pieces += 1;
    }
    expect(texts).toEqual(["counting", ...Array.from({ length: 20 }, (_, line) => String(line))]);
    expect(pieces).toBeGreaterThan(2);
  });

  test("a cursor whose next lines are no longer kept goes on, and says how many are gone", async () => {
    await call("solo_deploy", { service_id: "chatty", source: counter });
    const { cursor } = (await call("solo_logs", { service_id: "chatty" })).content;
    await call("solo_call", { service_id: "chatty", method: "chat", arguments: [500] });
    const { content } = await call("solo_logs", { service_id: "chatty", cursor });
    expect(content.dropped).toBeGreaterThan(0);
    expect(content.lines[0].sequence).toBe(Number(cursor) + content.dropped + 1);
  });

  test("events come in pieces that fit, each once and in order", async () => {
    const sequences: number[] = [];
    for (let cursor = "", more = true; more; ) {
      const { content } = await call("solo_events", { cursor, max_bytes: 1_000 });
      sequences.push(...content.events.map(({ sequence }: { sequence: number }) => sequence));
      ({ cursor, more } = content);
    }
    expect(sequences.length).toBeGreaterThan(5);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  });

  test("a broken source is told with its place and line; what is mended takes its place", async () => {
    const broken = await call("solo_deploy", { service_id: "mended", source: "export default {\n  count: ,\n};\n" });
    expect(broken).toMatchObject({
      isError: true,
      content: {
        error: { reason: "COMPILE_FAILED", line: 2, source_line: "  count: ,", example: { tool: "solo_deploy" } },
      },
      text: expect.stringMatching(
        /^COMPILE_FAILED: .*\nat: service\.ts:2:\d+: {3}count: ,\nfound: .*\nwanted: .*\nfix: .*\nexample: solo_deploy /,
      ),
    });
    const why = await call("solo_explain_error", { reason: "COMPILE_FAILED" });
    expect(why.content.explanation).toMatchObject({ reason: "COMPILE_FAILED", example: { tool: "solo_deploy" } });
    expect((await call("solo_deploy", { service_id: "mended", source: counter })).isError).toBe(false);
    const steps: (string | undefined)[] = [];
    const onprogress = ({ message }: { message?: string | undefined }) => void steps.push(message);
    const replaced = await call("solo_redeploy", { service_id: "mended", source: counter }, { onprogress });
    expect(replaced.content.service).toMatchObject({ version: 2, state: "running" });
    expect([...new Set(steps)]).toEqual(["Stopping mended", "Starting the next version of mended"]);
    const restarted = await call("solo_redeploy", { service_id: "mended" });
    expect(restarted.content.service).toMatchObject({ version: 2, state: "running" });
  });

  test("one that was killed is redeployed, and one that never was is not", async () => {
    await call("solo_deploy", { service_id: "again", source: counter });
    await call("solo_kill", { service_id: "again", force: true });
    const next = await call("solo_redeploy", { service_id: "again", source: counter });
    expect(next.content.service).toMatchObject({ version: 2, state: "running" });
    const never = await call("solo_redeploy", { service_id: "never", source: counter });
    expect(never.content.error).toMatchObject({ reason: "SERVICE_NOT_FOUND", example: { tool: "solo_list" } });
  });

  test("a service that died is explained by its last end and its last lines", async () => {
    await call("solo_deploy", { service_id: "dying", source: counter, restart: "temporary" });
    const failed = await call("solo_call", { service_id: "dying", method: "fail" });
    expect(failed.content.error).toMatchObject({ reason: "SERVICE_DIED", example: { tool: "solo_logs" } });
    const { content } = await call("solo_explain_error", { service_id: "dying", reason: "SERVICE_DIED" });
    expect(content.service.last_end).toMatch(/^crash: .*on purpose/);
    expect(content.last_lines).toContain("info counting from 0");
    expect(content.explanation.reason).toBe("SERVICE_DIED");
  });

  test("a change that is sent again with its request id is made once", async () => {
    const change = { service_id: "once", source: counter, request_id: "mcp-once" };
    const first = await call("solo_deploy", change);
    expect(await call("solo_deploy", change)).toEqual(first);
    expect((await call("solo_deploy", { ...change, source: `${counter}\n` })).content.error).toMatchObject({
      reason: "REQUEST_ID_REUSED",
      request_id: "mcp-once",
    });
  });

  test("long work tells again and again that it goes on", async () => {
    const source =
      'import { defineServer } from "@solo/actor-core"; export default defineServer({ version: 1, init: () => new Promise<number>(() => undefined) });';
    const told: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void told.push(progress);
    const late = { service_id: "late", source, limits: { start_timeout_ms: 2_500 } };
    const { content } = await call("solo_deploy", late, { onprogress });
    expect(content.error).toMatchObject({ reason: "START_TIMED_OUT" });
    expect(told.length).toBeGreaterThan(1);
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
  });

  test("help gives pages, methods and reasons", async () => {
    expect((await call("solo_help")).text).toContain("DeploymentService/Deploy");
    expect((await call("solo_help", { topic: "limits" })).content).toMatchObject({ kind: "page", topic: "limits" });
    expect((await call("solo_help", { topic: "limit" })).content.error).toMatchObject({
      reason: "TOPIC_UNKNOWN",
      fix: "Ask for limits",
    });
  });

  const wrong: [name: string, args: unknown, expected: object][] = [
    ["solo_status", {}, { field: "service_id", found: "nothing" }],
    ["solo_status", { service_id: 7 }, { field: "service_id", found: "7" }],
    ["solo_status", { service: "x" }, { field: "service_id" }],
    ["solo_status", { service_id: "x", colour: "red" }, { field: "colour" }],
    ["solo_status", { service_id: "x", service_idd: "y" }, { field: "service_idd", fix: "Name it service_id" }],
    ["solo_status", "x", {}],
    ["solo_status", ["x"], {}],
    ["solo_deploy", { service_id: "x", source: "", limits: { memory: 1 } }, { field: "limits.memory" }],
    ["solo_deploy", { service_id: "x", source: "", limits: { memory_bytes: -1 } }, { field: "limits.memory_bytes" }],
    ["solo_deploy", { service_id: "x", source: "", environment: { A: 1 } }, { field: "environment.A", found: "1" }],
    ["solo_call", { service_id: "x", method: "y", arguments: {} }, { field: "arguments" }],
    ["solo_logs", { service_id: "x", cursor: "yesterday" }, { field: "cursor" }],
    ["solo_logs", { service_id: "x", max_bytes: 1e12 }, { field: "max_bytes" }],
    ["solo_explain_error", {}, { found: "neither `reason` nor `service_id`" }],
  ];
  test.each(wrong)(
    "%s with %j is refused with the field, what is wanted and an example",
    async (name, args, expected) => {
      const answer = await call(name, args as Record<string, unknown>);
      expect(answer).toMatchObject({
        isError: true,
        content: {
          error: {
            reason: "TOOL_ARGUMENTS_INVALID",
            message: expect.stringContaining(name),
            found: expect.any(String),
            wanted: expect.any(String),
            fix: expect.any(String),
            example: { tool: name },
            ...expected,
          },
        },
        text: expect.stringContaining(`example: ${name} {`),
      });
    },
  );

  test.each([
    ["solo_deplox", "Call solo_deploy"],
    ["", errors.TOOL_UNKNOWN.fix],
    ["x".repeat(10_000), errors.TOOL_UNKNOWN.fix],
  ])("an unknown tool is refused with the nearest (%#)", async (name, fix) => {
    const { isError, content } = await call(name);
    expect(isError).toBe(true);
    expect(content.error).toMatchObject({ reason: "TOOL_UNKNOWN", fix, example: { tool: "solo_help" } });
    expect(JSON.stringify(content).length).toBeLessThan(2_000);
  });

  test("the server's own refusals come with reason, fix and example", async () => {
    const refused: [string, Record<string, unknown>, string][] = [
      ["solo_status", { service_id: "nobody" }, "SERVICE_NOT_FOUND"],
      ["solo_call", { service_id: "nobody", method: "x" }, "SERVICE_NOT_FOUND"],
      ["solo_deploy", { service_id: "Not An Id", source: "x" }, "SERVICE_ID_INVALID"],
      ["solo_deploy", { service_id: "empty", source: "" }, "SOURCE_EMPTY"],
      ["solo_events", { cursor: "yesterday" }, "CURSOR_INVALID"],
      ["solo_list", { page_token: "tomorrow" }, "PAGE_INVALID"],
      ["solo_kill", { service_id: "nobody", request_id: "no spaces" }, "REQUEST_ID_INVALID"],
    ];
    for (const [name, args, reason] of refused) {
      const { isError, content } = await call(name, args);
      expect([isError, content.error.reason]).toEqual([true, reason]);
      for (const part of ["message", "found", "wanted", "fix", "example"]) expect(content.error[part]).toBeTruthy();
    }
  });

  test("huge arguments are refused by the limit that they break", async () => {
    const arguments_ = ["x".repeat(5 * 2 ** 20)];
    const { content } = await call("solo_call", { service_id: "talker", method: "add", arguments: arguments_ });
    expect(content.error).toMatchObject({ reason: "MESSAGE_TOO_LARGE" });
  });

  test("a client that cancels ends what it asked for, and goes on", async () => {
    await call("solo_deploy", { service_id: "slow", source: counter });
    const cancel = new AbortController();
    const waiting = call("solo_call", { service_id: "slow", method: "slow" }, { signal: cancel.signal });
    cancel.abort();
    await expect(waiting).rejects.toThrow();
    expect((await call("solo_status", { service_id: "slow" })).isError).toBe(false);
  });
}
