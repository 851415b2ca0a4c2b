// Replays the tutorial: every call of a tool that it shows, against a real server, by the protocol's own client over
// `solo mcp`; every answer has to be the one that it shows.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { anywhere, launchServer } from "./server-process.mjs";

const TUTORIAL = "packages/catalogue/pages/tutorial.md";

/** @returns {[string, () => Promise<string[]>][]} Checks with their names; each rejects when it does not hold. */
export function tutorialChecks(root) {
  return [[`session of ${TUTORIAL}`, () => replay(root)]];
}

async function replay(root) {
  const steps = stepsOf(readFileSync(join(root, TUTORIAL), "utf8"));
  const dataFolder = mkdtempSync(join(tmpdir(), "solo-tutorial-"));
  const server = await launchServer({ root, dataFolder, args: anywhere });
  const client = new Client({ name: "tutorial", version: "1.0.0" });
  try {
    const env = { ...process.env, SOLO_PROFILE: server.ready.profile };
    const command = join(root, "node_modules", ".bin", "solo");
    await client.connect(new StdioClientTransport({ command, args: ["mcp"], env, cwd: dataFolder }));
    for (const { line, tool, input, wanted } of steps) {
      const { content } = await client.callTool({ name: tool, arguments: input });
      const found = content[0].text;
      if (!matches(wanted, found)) {
        throw new Error(`${TUTORIAL}:${line}: ${tool} answered\n${found}\nand the tutorial shows\n${wanted}`);
      }
    }
  } finally {
    await client.close();
    await server.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
  return [`${steps.length} calls were replayed`];
}

/** Sources, calls and answers in their order; a call without an answer shows nothing and is a mistake. */
function stepsOf(text) {
  const sources = new Map();
  const steps = [];
  for (const { groups, index } of text.matchAll(/^```(?<language>\w+) (?<info>\S+)\n(?<body>.*?)^```$/gms)) {
    const line = text.slice(0, index).split("\n").length;
    const [kind, name] = groups.info.split("=");
    if (kind === "source") sources.set(name, groups.body);
    if (kind === "tool") {
      const input = JSON.parse(groups.body);
      const source = sources.get(/^<(.*)>$/.exec(input.source)?.[1]);
      steps.push({ line, tool: name, input: source === undefined ? input : { ...input, source }, wanted: undefined });
    }
    if (kind === "answer") steps.at(-1).wanted = groups.body.trimEnd();
  }
  const mute = steps.find(({ wanted }) => wanted === undefined);
  if (mute !== undefined) throw new Error(`${TUTORIAL}:${mute.line}: no answer is shown`);
  return steps;
}

/** A … stands for any text. */
function matches(wanted, found) {
  const pattern = wanted
    .split("…")
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${pattern}$`, "s").test(found.trimEnd());
}
