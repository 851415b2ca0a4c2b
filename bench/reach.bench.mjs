// What the ways to reach SOLO cost beside the bare API: the tools of a model, and the command.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ArtifactKind, Packaging, ProgramProtocol } from "@solo/proto";
import { bunOf, openAsker, startProxy } from "./baseline/proxy.mjs";
import { perSecond } from "./per-second.mjs";
import { service5Kb, startSolo } from "./solo/server.mjs";
import { quantile } from "./statistics.mjs";

const execute = promisify(execFile);

/** One call of a service by a tool over standard input and output, in turn with the same call over gRPC. */
export async function* mcpCall({ root, repeat }) {
  const solo = await startSolo({ root });
  const client = new Client({ name: "bench", version: "1.0.0" });
  try {
    await solo.deploy("echo", service5Kb);
    const command = join(root, "node_modules", ".bin", "solo");
    const env = { ...process.env, SOLO_PROFILE: solo.profile };
    await client.connect(new StdioClientTransport({ command, args: ["mcp"], env }));
    const call = {
      name: "solo_call",
      arguments: { service_id: "echo", method: "echo", arguments: ["0123456789abcdef"] },
    };
    const tools = [];
    const bare = [];
    for (let round = -2; round < repeat; round++) {
      const times = await series(300, () => client.callTool(call));
      const calls = await series(300, () => solo.call("echo", "echo", Buffer.from('["0123456789abcdef"]')));
      if (round < 0) continue;
      tools.push(quantile(times, 0.5));
      bare.push(quantile(calls, 0.5));
    }
    const peer = { name: "the same call over gRPC", samples: bare };
    yield { name: "call by a tool (MCP, stdio), p50", unit: "ms", ours: tools, peer };
    yield {
      name: "what the tool adds to the call, p50",
      unit: "ms",
      ours: tools.map((time, round) => time - bare[round]),
      goal: "≤ 3 ms",
    };
  } finally {
    await client.close();
    await solo.close();
  }
}

/** A command in a process of its own, from its start to its end: one that asks the server, in turn with a Node that does nothing. */
export async function* commandStart({ root, repeat }) {
  const solo = await startSolo({ root });
  try {
    const env = { ...process.env, SOLO_PROFILE: solo.profile };
    const bin = join(root, "packages", "cli", "bin", "solo.mjs");
    const run = (...args) => series(5, () => execute(process.execPath, args, { env }));
    const ours = [];
    const bare = [];
    for (let round = -1; round < repeat; round++) {
      const times = await run(bin, "list", "--json");
      const nothing = await run("--eval", "0");
      if (round < 0) continue;
      ours.push(quantile(times, 0.5));
      bare.push(quantile(nothing, 0.5));
    }
    const peer = { name: "a Node that does nothing", samples: bare };
    yield { name: "solo list, start to answer, p50", unit: "ms", ours, peer, goal: "≤ 150 ms" };
  } finally {
    await solo.close();
  }
}

/** A program that serves on its unix socket. */
const program = `#!/usr/bin/env bun
Bun.serve({ unix: process.env.SOLO_HTTP_SOCKET, fetch: () => new Response("hello") });
`;

/** Requests to a program, 64 at a time, in turn with a bare fastify proxy to the same socket of the same program. */
export async function* programIngress({ root, repeat }) {
  const env = { PATH: `${dirname(bunOf(root))}:${process.env.PATH}` };
  const solo = await startSolo({ root, args: ["--service-cpu", "200", "--host-programs", "bun"], env });
  const opened = [];
  const mark = `${process.pid}-${Date.now()}`;
  try {
    await solo.deploy("hello", program, {
      kind: ArtifactKind.ARTIFACT_KIND_BINARY,
      program: { protocol: ProgramProtocol.PROGRAM_PROTOCOL_HTTP, packaging: Packaging.PACKAGING_EXECUTABLE },
      manifest: { environment: { BENCHED: mark }, limits: { memoryBytes: 256n * 1024n * 1024n } },
    });
    const proxy = await startProxy({ socketPath: socketOfProgram(`BENCHED=${mark}`) });
    opened.push(proxy);
    const file = (name) => readFileSync(join(solo.profile, name));
    const port = Number(solo.http.split(":").pop());
    const profile = { ca: file("root.pem"), cert: file("cert.pem"), key: file("key.pem") };
    const asker = openAsker({ port, path: "/default/hello", ...profile });
    opened.push(asker);
    for (const method of ["get", "post"]) {
      const ours = [];
      const bare = [];
      // The more of the way is compiled, the nearer both come to what they cost for long.
      for (let round = -6; round < repeat; round++) {
        const own = await perSecond(3_000, 64, asker[method]);
        const other = await perSecond(3_000, 64, proxy[method]);
        if (round < 0) continue;
        ours.push(own);
        bare.push(other);
      }
      yield {
        name: `HTTP ${method.toUpperCase()} to a program, 64 at a time`,
        unit: "requests/s",
        ours,
        peer: { name: "bare fastify proxy to its socket", samples: bare },
        goal: "≥ 0.5 × the proxy",
      };
    }
  } finally {
    for (const each of opened) await each.close();
    await solo.close();
  }
}

/** The socket of the program that has the variable, as this process reaches it: in the files that the program sees. */
function socketOfProgram(variable) {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      const socket = variables.find((entry) => entry.startsWith("SOLO_HTTP_SOCKET="));
      if (variables.includes(variable) && socket !== undefined)
        return `/proc/${pid}/root${socket.slice(socket.indexOf("=") + 1)}`;
    } catch {
      // Gone meanwhile.
    }
  }
  throw new Error("Cannot find the program: no process has its variables");
}

async function series(count, once) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    await once();
    times.push(performance.now() - startedMs);
  }
  return times;
}
