import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Event } from "@solo/proto";
import { openPeer, type Peer } from "./peer.ts";

let peer: Peer;
beforeAll(async () => {
  peer = await openPeer();
});
afterAll(() => peer.close());

type Child = ChildProcessByStdio<null, Readable, Readable>;

function start(argv: readonly string[]): Child {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  return spawn(process.execPath, ["--conditions=solo:source", main, ...argv], {
    env: { PATH: process.env.PATH ?? "", SOLO_PROFILE: peer.profile },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function ended(child: Child): Promise<{ readonly code: number | null; readonly stderr: string }> {
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr };
}

/** A tail that never stops by itself: `burst` events at once, then one whenever there is room. */
function endlessEvents(burst: number): void {
  const event = Event.fromPartial({
    sequence: 1n,
    type: "service.started",
    dataJson: "{}",
    cursor: "c1",
    at: new Date(0),
  });
  peer.answer({
    tailEvents(call) {
      for (let i = 0; i < burst; i += 1) call.write({ event });
      const timer = setInterval(() => call.write({ event }), 5);
      call.on("cancelled", () => clearInterval(timer));
    },
  });
}

test("Ctrl-C ends a followed stream quietly with 0", async () => {
  endlessEvents(1);
  const child = start(["events", "-f", "--json"]);
  const end = ended(child);
  await once(child.stdout, "data");
  child.stdout.resume();
  child.kill("SIGINT");
  expect(await end).toEqual({ code: 0, stderr: "" });
});

test("a reader that has seen enough ends it quietly with 0", async () => {
  endlessEvents(1_000);
  const child = start(["events", "-f", "--json"]);
  const end = ended(child);
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await end).toEqual({ code: 0, stderr: "" });
});

test("the process ends with the failure's code", async () => {
  const child = start(["list", "--address", "127.0.0.1:1", "--json"]);
  child.stdout.resume();
  expect(await ended(child)).toEqual({ code: 3, stderr: "" });
});
