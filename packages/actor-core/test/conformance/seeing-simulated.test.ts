import { expect, test } from "@jest/globals";
import {
  boundedMailbox,
  Exit,
  type GenServer,
  noReply,
  type Report,
  type Self,
  started,
  startGenServer,
  subscribeDeadLetters,
  sys,
} from "../../src/index.ts";
import { explore } from "../../src/testing/index.ts";

// What holds in every order that OTP leaves open.

const listing: GenServer<readonly unknown[]> = {
  init: () => started([]),
  handleCast: (value, state) => noReply([...state, value]),
};

test("of messages to a process that is killed each is handled, or a dead letter, and none is both", async () => {
  await explore({ seeds: 100 }, async (simulation) => {
    const reports: Report[] = [];
    const system = simulation.createSystem({ report: (report) => reports.push(report) });
    const fates: unknown[] = [];
    subscribeDeadLetters(system, ({ message }) => fates.push(message));
    const pid = system.spawn(
      {
        async handle(message, self) {
          fates.push(message);
          await self.sleep(1);
        },
      },
      { mailbox: boundedMailbox({ capacity: 3, whenFull: "drop-oldest" }) },
    );
    const sending = (name: string) => async (self: Self) => {
      for (let i = 0; i < 8; i++) {
        self.send(pid, `${name}${i}`);
        await self.sleep(i % 3);
      }
    };
    system.spawn(sending("a"));
    system.spawn(sending("b"));
    system.spawn(async (self) => {
      await self.sleep(simulation.random.below(10));
      self.exitSignal(pid, Exit.kill);
    });
    await simulation.settle();
    const sent = ["a", "b"].flatMap((name) => Array.from({ length: 8 }, (_, i) => `${name}${i}`));
    expect(fates.sort()).toEqual(sent);
    expect(reports).toEqual([]);
  });
});

test("a process that is suspended and resumed again and again loses nothing and keeps the order of each sender", async () => {
  await explore({ seeds: 100 }, async (simulation) => {
    const reports: Report[] = [];
    const system = simulation.createSystem({ report: (report) => reports.push(report) });
    const result = await startGenServer(system, listing, []);
    if (result.kind !== "ok") throw new Error("Expected a start");
    const { pid } = result;
    for (const name of ["a", "b"]) {
      system.spawn(async (self) => {
        for (let i = 0; i < 6; i++) {
          self.cast(pid, `${name}${i}`);
          await self.sleep(1);
        }
      });
    }
    system.spawn(async (self) => {
      for (let i = 0; i < 3; i++) {
        await sys.suspend(self, pid);
        const before = await sys.getState(self, pid);
        await self.sleep(1);
        expect(await sys.getState(self, pid)).toEqual(before);
        await sys.resume(self, pid);
      }
    });
    await simulation.settle();
    expect(reports).toEqual([]);
    const state = (await sys.getState(system, pid)) as readonly string[];
    for (const name of ["a", "b"]) {
      const own = state.filter((value) => value.startsWith(name));
      expect(own).toEqual(Array.from({ length: 6 }, (_, i) => `${name}${i}`));
    }
  });
});
