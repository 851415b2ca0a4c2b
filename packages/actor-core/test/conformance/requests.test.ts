import { expect, test } from "@jest/globals";
import {
  type Answered,
  type Call,
  Exit,
  type ExitReason,
  multiCall,
  type Pid,
  processInfo,
  RequestCollection,
  type Self,
  type SentRequest,
  sendRequest,
  timedOut,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { rejection, startWorld, type World } from "./world.ts";

/** A server that answers with what it is asked, so many milliseconds later as it is told. */
const echo = {
  async handle({ request, from }: Call<{ readonly say: string; readonly afterMs?: number }, string>, self: Self) {
    if (request.afterMs !== undefined) {
      await self.sleep(request.afterMs);
    }
    from.reply(request.say);
  },
};

interface RequestWorld extends World {
  readonly server: Pid<Call<{ readonly say: string; readonly afterMs?: number }, string>>;
  /** What the script noted. */
  readonly noted: unknown[];
  /** What was left in the mailbox of the script when it returned. */
  left(): readonly unknown[] | undefined;
}

/** Runs a script, the `T` of the catalogue, against an echo. */
async function asking(script: (self: Self, world: RequestWorld) => Promise<void>): Promise<RequestWorld> {
  const base = await startWorld();
  let left: readonly unknown[] | undefined;
  const world = { ...base, server: base.system.spawn(echo), noted: [] as unknown[], left: () => left };
  base.system.spawn(async (self) => {
    await script(self, world);
    left = processInfo(self.pid)?.messages;
  });
  await quiesce(base.system);
  return world;
}

const replied = (reply: string): Answered => ({ kind: "reply", reply });

test("GS-052 requests are answered in order", async () => {
  const { noted, left } = await asking(async (self, { server, noted }) => {
    const first = sendRequest(self, server, { say: "a" });
    const second = sendRequest(self, server, { say: "b" });
    // Answered after them, so by then both are there.
    await sendRequest(self, server, { say: "c" }).wait();
    noted.push(processInfo(self.pid)?.messages.map((message) => [first.check(message), second.check(message)]));
    noted.push(await first.wait(), await second.receive());
  });
  expect(noted).toEqual([
    [
      [replied("a"), undefined],
      [undefined, replied("b")],
    ],
    replied("a"),
    replied("b"),
  ]);
  expect(left()).toHaveLength(2);
});

test("GS-053 a request that was waited for in vain can be waited for again", async () => {
  const { noted, pass, left } = await asking(async (self, { server, noted }) => {
    const request = sendRequest(self, server, { say: "v", afterMs: 10 });
    noted.push(await request.wait({ timeoutMs: 0 }), await request.wait());
  });
  await pass(10);
  expect([noted, left()]).toEqual([[timedOut, replied("v")], []]);
});

test("GS-053 a request that was received in vain is abandoned: its answer does not come", async () => {
  const { noted, pass, left } = await asking(async (self, { server, noted }) => {
    const request = sendRequest(self, server, { say: "v", afterMs: 10 });
    noted.push(await request.receive({ timeoutMs: 5 }));
    await self.sleep(100);
  });
  await pass(10);
  await pass(100);
  expect([noted, left()]).toEqual([[timedOut], []]);
});

test("GS-054 a request to nobody, and to one who ends, has an error for an answer", async () => {
  const { noted, system, server } = await asking(async (self, { server, noted }) => {
    const dead = self.spawn(() => {});
    await self.sleep(0);
    const requests = [sendRequest(self, dead, 1), sendRequest(self, "nobody", 1), sendRequest(self, self.pid, 1)];
    for (const request of requests) {
      noted.push(await request.wait());
    }
    noted.push(await sendRequest(self, server, { say: "never", afterMs: 1_000 }).wait());
  });
  system.exitSignal(server, Exit.shutdown);
  await quiesce(system);
  const error = (reason: ExitReason): Answered => ({ kind: "error", reason });
  expect(noted).toEqual([error(Exit.noproc), error(Exit.noproc), error(Exit.callingSelf), error(Exit.shutdown)]);
});

test("GS-055 only its answer answers a request", async () => {
  const { noted } = await asking(async (self, { server, noted }) => {
    const other = sendRequest(self, server, { say: "other" });
    const request = sendRequest(self, server, { say: "v" });
    self.send(self.pid, "unrelated");
    for (let i = 0; i < 3; i++) {
      noted.push(request.check(await self.receive()));
    }
    noted.push(await request.wait(), typeof other);
  });
  expect(noted).toEqual([undefined, undefined, replied("v"), replied("v"), "object"]);
});

test("GS-056 a collection gives answers as they come, with their labels, until it is empty", async () => {
  const { noted, pass, clock } = await asking(async (self, { noted }) => {
    const requests = new RequestCollection<string, number>();
    for (const afterMs of [400, 1, 200]) {
      requests.add(sendRequest(self, self.spawn(echo), { say: `after ${afterMs}`, afterMs }), afterMs);
    }
    for (let i = 0; i < 4; i++) {
      noted.push(requests.size, await requests.receive(self, { remove: true }), clock.nowMs());
    }
  });
  for (let ms = 0; ms < 400; ms++) {
    await pass(1);
  }
  expect(clock.nowMs()).toBe(400);
  expect(noted).toEqual([
    ...[3, { kind: "reply", reply: "after 1", label: 1 }, 1],
    ...[2, { kind: "reply", reply: "after 200", label: 200 }, 200],
    ...[1, { kind: "reply", reply: "after 400", label: 400 }, 400],
    ...[0, { kind: "none" }, 400],
  ]);
});

test("GS-057 a request is in a collection once, and a deadline is a time of the clock", async () => {
  const { noted, pass, left } = await asking(async (self, { server, noted }) => {
    const requests = new RequestCollection<string, string>();
    const request: SentRequest<string> = sendRequest(self, server, { say: "v", afterMs: 30 });
    requests.add(request, "first");
    try {
      requests.add(request, "again");
    } catch (error) {
      noted.push(error);
    }
    noted.push(await requests.wait(self, { deadlineMs: 20 }), self.nowMs());
    noted.push(await requests.wait(self, { deadlineMs: 0 }), self.nowMs());
    noted.push(await requests.receive(self, { deadlineMs: 25 }), self.nowMs(), requests.size);
    await self.sleep(100);
  });
  await pass(20);
  await pass(5);
  await pass(100);
  expect(noted).toEqual([expect.any(TypeError), timedOut, 20, timedOut, 20, timedOut, 25, 1]);
  expect(left()).toEqual([]);
});

test("an answer that is not removed stays in its collection, which passes over it", async () => {
  const { noted } = await asking(async (self, { server, noted }) => {
    const requests = new RequestCollection<string, string>();
    requests.add(sendRequest(self, server, { say: "a" }), "first");
    requests.add(sendRequest(self, server, { say: "b" }), "second");
    noted.push(requests.check("unrelated"), requests.check(await self.receive()), requests.size);
    noted.push(requests.check(await self.receive(), { remove: true }), requests.size);
  });
  expect(noted).toEqual([
    ...[undefined, { kind: "reply", reply: "a", label: "first" }, 2],
    ...[{ kind: "reply", reply: "b", label: "second" }, 1],
  ]);
});

test("nothing is left of the requests of a process that has ended", async () => {
  const { system, server } = await asking(async (self, { server }) => {
    sendRequest(self, server, { say: "v", afterMs: 10 });
  });
  expect(processInfo(server)?.monitoredBy).toEqual([]);
  expect(system.isAlive(server)).toBe(true);
});

test("GS-058 asking many gives the answers of those who are there and names the others", async () => {
  const { system, plain, pass } = await startWorld();
  for (const name of ["a", "b", "slow"]) {
    system.spawn(echo, { name });
  }
  const asked = multiCall(plain.self, ["a", "absent", "b"], { say: "v" });
  expect(await asked).toEqual({
    replies: [
      { target: "a", reply: "v" },
      { target: "b", reply: "v" },
    ],
    failed: [{ target: "absent", reason: Exit.noproc }],
  });
  const late = multiCall(plain.self, ["slow", "a"], { say: "v", afterMs: 50 }, { timeoutMs: 10 });
  await pass(10);
  expect(await late).toEqual({
    replies: [],
    failed: [
      { target: "slow", reason: Exit.timeout },
      { target: "a", reason: Exit.timeout },
    ],
  });
  await pass(100);
  expect(plain.messages).toEqual([]);
});

test("asking many is refused as a whole when one of them is no target", async () => {
  const { plain, system } = await startWorld();
  system.spawn(echo, { name: "a" });
  expect(await rejection(multiCall(plain.self, ["absent", 7 as unknown as string], 1))).toBeInstanceOf(TypeError);
});
