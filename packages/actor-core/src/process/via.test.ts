import { expect, test } from "@jest/globals";
import { createActorSystem, Down, Exit, NameNotHeld, NameTaken, type Pid, ViaName } from "../index.ts";
import { manualClock, quiesce, startProbe } from "../testing/index.ts";

/** A place for one process. */
class Seat extends ViaName {
  sitting: Pid | undefined;

  override holder(): Pid | undefined {
    return this.sitting;
  }

  override claim(): (pid: Pid) => void {
    return (pid) => {
      this.sitting = pid;
    };
  }

  override toString(): string {
    return "the seat";
  }
}

test("a via stands wherever a name does", async () => {
  const clock = manualClock();
  const system = createActorSystem({ clock });
  const { self, messages } = await startProbe(system);
  const seat = new Seat();
  expect(() => self.send(seat, "lost")).toThrow(new NameNotHeld("send to", "the seat"));
  await expect(self.call(seat, "anyone?")).rejects.toMatchObject({ target: seat, reason: Exit.noproc });
  const heard: unknown[] = [];
  const started = await self.start({ handle: (message) => void heard.push(message) }, { name: seat });
  expect(started).toEqual({ kind: "ok", pid: seat.sitting });
  expect(await self.start({ handle() {} }, { name: seat })).toEqual({ kind: "already-started", pid: seat.sitting });
  expect(() => self.spawn({ handle() {} }, { name: seat })).toThrow(NameTaken);
  expect(self.whereis(seat)).toBe(seat.sitting);
  self.sendAfter(10, seat, "later");
  self.send(seat, "now");
  clock.advance(10);
  await quiesce(system);
  expect(heard).toEqual(["now", "later"]);
  const monitor = self.monitor(seat);
  await self.stop(seat);
  await quiesce(system);
  expect(messages).toEqual([new Down(monitor, seat, Exit.normal)]);
});

test("a via that cannot be claimed leaves no process", async () => {
  const system = createActorSystem({ clock: manualClock() });
  class Broken extends Seat {
    override claim(): never {
      throw new Error("no seats");
    }
  }
  expect(() => system.spawn({ handle() {} }, { name: new Broken() })).toThrow("no seats");
  expect(system.processes()).toEqual([]);
});
