import type { Vault } from "../../vault/vault.ts";
import type { Asker } from "../driver.ts";

/** Opens the newest version of a secret for one request of a service. What it returns is wiped by its receiver. */
export type UseSecret = (asker: Asker, name: string) => Promise<Buffer>;

/** The use is on record before the request is sent. */
export const useSecretOf =
  (vault: Vault): UseSecret =>
  async ({ tenant, correlationId, spiffeId }, name) => {
    const opened = await vault.of(tenant);
    const newest = opened.find(name);
    const value = await opened.read(name, newest);
    try {
      const used = { type: "secret.used", name, version: newest.version } as const;
      await opened.note(used, { correlationId, actor: spiffeId });
    } catch (error) {
      value.fill(0);
      throw error;
    }
    return value;
  };
