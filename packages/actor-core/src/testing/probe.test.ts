import { expect, test } from "@jest/globals";
import { createActorSystem, Exit, Exited } from "../index.ts";
import { manualClock, quiesce, startProbe } from "./index.ts";

test("a probe keeps what it is sent, and exit signals while it traps", async () => {
  const system = createActorSystem({ clock: manualClock() });
  const probe = await startProbe(system, { trapExit: true });
  system.send(probe.pid, "a");
  system.exitSignal(probe.pid, Exit.shutdown);
  await quiesce(system);
  expect(probe.messages).toEqual(["a", new Exited(undefined, Exit.shutdown)]);
});

test("a probe's receive takes its message before the probe does", async () => {
  const system = createActorSystem({ clock: manualClock() });
  const { self, pid, messages } = await startProbe(system);
  const wanted = self.receive((message): message is "b" => message === "b");
  for (const message of ["a", "b", "c"]) {
    system.send(pid, message);
  }
  expect(await wanted).toBe("b");
  await quiesce(system);
  expect(messages).toEqual(["a", "c"]);
});
