import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "@jest/globals";
import type { PeerVerdict, Role } from "../../identity/index.ts";
import { type Connection, ConnectionRegistry } from "./connection-registry.ts";

const unidentified: PeerVerdict = { kind: "refused", reason: "certificate-missing", message: "" };

function identified(tenant: string, role: Role = "agent", keyThumbprint = tenant): PeerVerdict {
  return {
    kind: "identified",
    identity: { spiffeId: "", tenant, role, holder: "a", fingerprint: "", keyThumbprint, expiresAtMs: 0 },
  };
}

let ports = 0;
/** A connection whose socket is never touched by what the test does. */
function from(verdict: PeerVerdict, peer = `127.0.0.1:${(ports += 1)}`): Connection {
  return { peer, verdict, socket: {} as TLSSocket };
}

describe("a connection", () => {
  test("is refused when another of the same peer is open, and taken in when that is closed", () => {
    const registry = new ConnectionRegistry({ total: 10, unidentified: 10, perTenant: 10 });
    const operator = from(identified("default", "operator"), "127.0.0.1:4000");
    const impostor = from(unidentified, "127.0.0.1:4000");
    expect(registry.add(operator)).toBeUndefined();
    expect(registry.add(impostor)).toBe("peer-address-taken");
    registry.remove(impostor);
    expect(registry.find("127.0.0.1:4000")).toBe(operator);
    registry.remove(operator);
    expect(registry.add(impostor)).toBeUndefined();
  });

  test("without identity, or of a busy tenant, cannot keep others out", () => {
    const registry = new ConnectionRegistry({ total: 6, unidentified: 2, perTenant: 3 });
    const add = (verdict: PeerVerdict) => registry.add(from(verdict));
    expect([add(unidentified), add(unidentified), add(unidentified)]).toEqual([
      undefined,
      undefined,
      "too-many-unidentified",
    ]);
    const acme = identified("acme");
    expect([add(acme), add(acme), add(acme), add(acme)]).toEqual([
      undefined,
      undefined,
      undefined,
      "too-many-of-tenant",
    ]);
    const beta = from(identified("beta"));
    expect(registry.add(beta)).toBeUndefined();
    expect(add(identified("gamma"))).toBe("too-many-connections");
    expect(add(identified("default", "operator"))).toBeUndefined();
    expect(registry.size).toBe(7);
  });

  test("gives back its place when it is removed, once", () => {
    const registry = new ConnectionRegistry({ total: 1, unidentified: 1, perTenant: 1 });
    for (const verdict of [unidentified, identified("acme"), unidentified, identified("acme")]) {
      const connection = from(verdict);
      expect(registry.add(connection)).toBeUndefined();
      registry.remove(connection);
      registry.remove(connection);
      expect(registry.size).toBe(0);
    }
  });
});
