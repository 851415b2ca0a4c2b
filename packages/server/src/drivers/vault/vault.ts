import { endedError } from "../../authority/authorize.ts";
import { wipe } from "../../vault/envelope.ts";
import { handOut } from "../../vault/hand-out.ts";
import { leaseLimits } from "../../vault/leases.ts";
import type { Vault } from "../../vault/vault.ts";
import { Arguments } from "../arguments.ts";
import type { CallOperation, Driver, Scope } from "../driver.ts";
import { SecretAnswer } from "../secret-answer.ts";

/** `ctx.vault`: secrets that a service may read. To use one without seeing it is a matter of `ctx.net`. */
export function vaultDriver(vault: Vault): Driver {
  const read: CallOperation = {
    kind: "call",
    abilities: ["vault/read"],
    plan(args, { tenant, spiffeId, correlationId }) {
      const given = new Arguments("vault.read");
      const name = given.name(args[0], "name");
      const options = given.options(args[1], ["version", "leaseMs"]);
      const version = options.version === undefined ? undefined : given.ordinal(options.version, "options.version");
      const { leaseMs } = options;
      const lifeMs = leaseMs === undefined ? undefined : given.count(leaseMs, "options.leaseMs", leaseLimits.mostMs);
      return {
        needs: [{ ability: "vault/read", path: `vault/${name}`, arguments: { name, version } }],
        run: async (scope) => {
          const origin = { correlationId, actor: spiffeId, assertLive: () => assertLive(scope) };
          const authority = { ...(await scope.standing()), signal: scope.signal };
          const found = await handOut(vault, { tenant, name, version, lifeMs }, authority, origin);
          const { id, expiresAtMs } = found.lease;
          try {
            return SecretAnswer.of(found.value, { version: found.version, lease: { id, expiresAtMs } });
          } finally {
            wipe(found.value);
          }
        },
      };
    },
  };
  return { name: "vault", operations: { read } };
}

function assertLive({ signal }: Scope): void {
  if (signal.aborted) throw endedError(signal.reason, "use vault/read");
}
