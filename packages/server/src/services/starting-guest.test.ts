import { expect, test } from "@jest/globals";
import { defineServer } from "@solo/actor-core";
import { usualLimits } from "@solo/notation";
import { openInlineSandbox } from "../cells/inline/inline-sandbox.ts";
import { StartingGuest } from "./starting-guest.ts";

/** A guest that logs and sends while it starts. */
function begin(source?: Promise<Uint8Array>) {
  const sandbox = openInlineSandbox({ clock: { nowMs: () => 0 } });
  const text = sandbox.register(
    defineServer({
      version: 1,
      init: ({ ctx }) => {
        ctx.log("info", "one");
        ctx.cast("other", "greet");
        ctx.log("info", "two");
        return 0;
      },
    }),
  );
  const manifest = {
    environment: {},
    logLevel: "info",
    limits: usualLimits,
    softLimits: {},
    limitActions: {},
    restart: "permanent",
    maxRestarts: 3,
    restartPeriodMs: 5_000,
    startArguments: "",
  } as const;
  const request = {
    tenant: "acme",
    serviceId: "early",
    fileName: "early.ts",
    drivers: { svc: { calls: ["call", "cast"], streams: [] }, log: { calls: ["write"], streams: [] } },
    form: { kind: "source", language: "typescript" },
    manifest,
  } as const;
  return new StartingGuest(sandbox, { ...request, source: source ?? Buffer.from(text) }, 0);
}

test("what a guest logs and sends before it has an owner is handed over in order", async () => {
  const guest = begin();
  expect(await guest.outcome).toMatchObject({ kind: "started" });
  const heard: string[] = [];
  guest.attach({
    onLog: ({ text }) => heard.push(text),
    onOutgoing: ({ method }) => heard.push(method),
    onLimit: () => {},
  });
  expect(heard).toEqual(["one", "greet", "two"]);
});

test("a guest that nobody attaches to is killed when it is abandoned, and one with an owner is left alone", async () => {
  const [orphan, owned] = [begin(), begin()];
  owned.attach({ onLog: () => undefined, onOutgoing: () => undefined, onLimit: () => {} });
  for (const guest of [orphan, owned]) guest.abandon();
  const { session } = await orphan.opened;
  expect(await session.exited).toMatchObject({ normal: false });
  await expect(orphan.outcome).rejects.toThrow("given up");
  expect(await owned.outcome).toMatchObject({ kind: "started" });
});

test("a source that cannot be had fails the start", async () => {
  const guest = begin(Promise.reject(new Error("no such artifact")));
  await expect(guest.outcome).rejects.toThrow("no such artifact");
});
