import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { isAbility } from "../authority/vocabulary.ts";
import type { Driver } from "../drivers/driver.ts";
import { silentLogger } from "../observability/logger.ts";
import { LogBuffer } from "../services/log-buffer.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { systemClock } from "../system-clock.ts";
import { Vault } from "../vault/vault.ts";
import { openDrivers } from "./open-drivers.ts";

const folder = mkdtempSync(join(tmpdir(), "solo-drivers-"));
let drivers: readonly Driver[];
let vault: Vault;

beforeAll(async () => {
  const clock = systemClock;
  const { state, events } = await openMemoryStorage({ clock });
  const rootKey = { kind: "key-file", path: join(folder, "vault", "root.key") } as const;
  vault = await Vault.open({ state, events, clock, logger: silentLogger, rootKey });
  const settings = { allowAddresses: [], scratchFolder: join(folder, "scratch") };
  const quota = { allowed: () => 1_000, reached: () => undefined };
  const logs = { of: () => new LogBuffer(), whenGone: () => () => undefined };
  const deliverTimer = async () => ({ kind: "not-now" }) as const;
  drivers = openDrivers({ clock, state, events, vault, settings, deliverTimer, logs, quota }).all;
});
afterAll(async () => {
  await vault.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Arguments that each operation takes, and what it needs for them, of a service `shop`. A new operation must stand here. */
const taken: Readonly<Record<string, readonly [args: readonly unknown[], ...needs: string[]]>> = {
  "kv.get": [["a/b"], "kv/read kv/shop/a/b"],
  "kv.put": [["a/b", 1, { store: "other" }], "kv/write kv/other/a/b"],
  "kv.delete": [["a"], "kv/write kv/shop/a"],
  "kv.compareAndSet": [["a", 1, 2], "kv/read kv/shop/a", "kv/write kv/shop/a"],
  "kv.transaction": [
    [{ expect: [{ key: "a", revision: 0 }], put: [{ key: "b", value: 1 }], delete: ["c"] }],
    "kv/read kv/shop/a",
    "kv/write kv/shop/b",
    "kv/write kv/shop/c",
  ],
  "kv.list": [["a/"], `kv/read kv/shop/a${"/x~".repeat(11)}`],
  "kv.watch": [[""], `kv/watch kv/shop${"/x~".repeat(12)}`],
  "events.publish": [["orders/new", 1], "event/publish event/topic/orders/new"],
  "events.subscribe": [["orders/new"], "event/subscribe event/topic/orders/new"],
  "net.fetch": [["https://example.com/"], "net/fetch net/egress"],
  "clock.after": [[1_000, "due"], "clock/schedule clock/shop"],
  "clock.at": [[2_000_000_000_000, "due"], "clock/schedule clock/shop"],
  "clock.every": [[1_000, "due"], "clock/schedule clock/shop"],
  "clock.cron": [["0 9 * * *", "due"], "clock/schedule clock/shop"],
  "clock.cancel": [["id"], "clock/schedule clock/shop"],
  "clock.list": [[], "clock/schedule clock/shop"],
  "fs.read": [["a.txt"], "fs/read fs/shop/a.txt"],
  "fs.write": [["a.txt", "text"], "fs/write fs/shop/a.txt"],
  "fs.list": [[], "fs/read fs/shop"],
  "fs.remove": [["a.txt"], "fs/write fs/shop/a.txt"],
  "random.bytes": [[8], "random/bytes random/shop"],
  "random.uuid": [[], "random/bytes random/shop"],
  "logs.read": [["other", { after: 7, limit: 10 }], "svc/logs svc/other"],
  "logs.follow": [[], "svc/logs svc/shop"],
  "vault.read": [["api-key", { version: 2, leaseMs: 1_000 }], "vault/read vault/api-key"],
};

/** Asked in words of their own: whoever reads these decides by what the service holds of that. */
const plain: Readonly<Record<string, readonly string[]>> = {
  "svc.call": ["svc/call"],
  "svc.cast": ["svc/cast"],
  "log.write": ["log/write"],
};

test("every operation of every driver needs something, of the abilities that it says", () => {
  const asker = { tenant: "acme", serviceId: "shop", spiffeId: "spiffe://solo.local/x", correlationId: "c" };
  const found = drivers.flatMap(({ name, operations }) =>
    Object.entries(operations).map(([operation, row]) => {
      const { abilities } = row;
      expect(abilities.filter((ability) => !isAbility(ability))).toEqual([]);
      if (row.kind === "plain") return [`${name}.${operation}`, abilities] as const;
      const [args = []] = taken[`${name}.${operation}`] ?? [];
      const { needs } = row.plan(args, asker);
      for (const { ability } of needs) expect(abilities).toContain(ability);
      return [`${name}.${operation}`, [args, ...needs.map(({ ability, path }) => `${ability} ${path}`)]] as const;
    }),
  );
  expect(Object.fromEntries(found)).toEqual({ ...taken, ...plain });
});
