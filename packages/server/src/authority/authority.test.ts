// What decides is rebuilt from what was kept.
import { expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import { SoloError } from "../errors.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { Authority } from "./authority.ts";
import { authorize } from "./authorize.ts";

const thumbprint = "T".repeat(42).concat("A");
const channel = { kind: "mutual-tls", tenant: "acme", keyThumbprint: thumbprint, certificateSha256: "" } as const;
const caller = { spiffeId: "spiffe://solo.local/tenant/acme/agent/a", tenant: "acme", role: "agent" } as const;

async function open() {
  const time = manualClock();
  let wallMs = 1_790_000_000_000;
  const clock = { ...time, wallMs: () => wallMs };
  const { state, events } = await openMemoryStorage({ clock });
  let authority = await Authority.open({ state, clock });
  return {
    events,
    authority: () => authority,
    advance: (ms: number) => {
      wallMs += ms;
      time.advance(ms);
    },
    setWall: (ms: number) => {
      wallMs = ms;
    },
    wallMs: () => wallMs,
    restart: async () => {
      await authority.close();
      authority = await Authority.open({ state, clock });
    },
    /** Issues to the key of the connection, which then need not name it. */
    issue: async (text: { readonly caveats?: object; readonly lifetimeSeconds?: number } = {}) => {
      const prepared = await authority.prepare({
        tenant: "acme",
        holder: { kind: "thumbprint", thumbprint },
        grants: [
          {
            resource: "solo://acme/svc/**",
            abilities: ["svc/status"],
            ...(text.caveats && { caveats: text.caveats }),
          },
        ],
        lifetimeSeconds: text.lifetimeSeconds ?? 3_600,
        label: "test",
        standing: true,
      });
      const { event: body, puts } = prepared;
      await state.commit({ tenant: "acme", events: [{ body, correlationId: "c", actor: "kernel" }], puts });
      prepared.taken();
      return prepared.issued;
    },
    /** Decides on a connection of its own. @returns The code of a denial, or `permitted`. */
    ask: async (): Promise<string> => {
      try {
        const capabilities = await authority.connect(channel).capabilities(undefined);
        const resource = { name: "counter" };
        const permit = authorize(authority.verifier, {
          caller,
          capabilities,
          method: "DeploymentService/Status",
          resource,
          correlationId: "c",
        });
        await authority.keepCharges(permit.charges);
        return "permitted";
      } catch (error) {
        return error instanceof SoloError ? String(error.facts.metadata?.code) : String(error);
      }
    },
  };
}

const revoked = (cid: string) => ({
  body: { type: "capability.revoked", scope: "link", id: cid, reason: "" } as const,
  correlationId: "c",
  actor: "kernel",
});

test("nothing is held by a key until something is granted to it, and then also after a restart", async () => {
  const world = await open();
  expect(await world.ask()).toBe("CAP_PROOF_MISSING");
  await world.issue();
  expect(await world.ask()).toBe("permitted");
  await world.restart();
  expect(await world.ask()).toBe("permitted");
  world.advance(3_600_000);
  expect(await world.ask()).toBe("CAP_EXPIRED");
});

test("what was revoked stays so after a restart, and so does what was used up", async () => {
  const world = await open();
  await world.issue({ caveats: { uses: 2 } });
  expect([await world.ask(), await world.ask(), await world.ask()]).toEqual(["permitted", "permitted", "CAP_SPENT"]);
  await world.restart();
  expect(await world.ask()).toBe("CAP_SPENT");
  const { cid, expiresAtSeconds } = await world.issue();
  expect(await world.ask()).toBe("permitted");
  const revocation = { kind: "link-revoked", cid, expiresAtSeconds } as const;
  await world.authority().revoke("acme", revocation, { event: revoked(cid) });
  expect(await world.ask()).not.toBe("permitted");
  await world.restart();
  expect(await world.ask()).not.toBe("permitted");
  const events = await world.events.read({ tenant: "acme", after: 0, limit: 100 });
  expect(events.map(({ body }) => body.type)).toEqual([
    "capability.granted",
    "capability.granted",
    "capability.revoked",
  ]);
});

test("a clock that is set back revives nothing, not even over a restart", async () => {
  const world = await open();
  await world.issue();
  world.advance(3_600_000);
  expect(await world.ask()).not.toBe("permitted");
  world.setWall(world.wallMs() - 1_800_000);
  expect(await world.ask()).not.toBe("permitted");
  await world.restart();
  expect(await world.ask()).not.toBe("permitted");
});

test("a handle that nobody presented is none, and one connection's is not another's", async () => {
  const world = await open();
  const { bundle } = await world.issue();
  const [one, other] = [world.authority().connect(channel), world.authority().connect(channel)];
  const handle = await one.present(bundle, undefined);
  expect(await one.capabilities(String(handle))).toHaveLength(1);
  expect(() => other.capabilities(String(handle))).toThrow(expect.objectContaining({ code: "CAPABILITY_INVALID" }));
  one.close();
  expect(() => one.capabilities(String(handle))).toThrow(expect.objectContaining({ code: "CAPABILITY_INVALID" }));
  await expect(Promise.resolve().then(() => one.capabilities(bundle))).rejects.toThrow(SoloError);
});
