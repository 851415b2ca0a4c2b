import { expect, test } from "@jest/globals";
import { deployedService } from "../../test/deployed-service.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { Directory } from "./directory.ts";
import { watchLogs } from "./watch-logs.ts";

async function watching(options: { readonly serviceId?: string } = {}) {
  const directory = new Directory();
  const service = await deployedService("acme", "a");
  directory.add(service);
  const abort = new AbortController();
  const reader = watchLogs(directory, { tenant: "acme", signal: abort.signal, ...options });
  const next = async (): Promise<string> => {
    const { value } = await reader.next();
    return value === undefined ? "end" : `${value.serviceId} ${value.line.sequence}: ${value.line.text}`;
  };
  return { directory, service, abort, reader, next };
}

const write = (service: DeployedService, text: string): void => service.logs.append({ atMs: 0, level: "info", text });

test("lines of all services of the tenant come as they are written, of later ones too", async () => {
  const { directory, service, next } = await watching();
  write(service, "before");
  const first = next();
  write(service, "one");
  const [later, other] = [await deployedService("acme", "b"), await deployedService("other", "a")];
  directory.add(other);
  directory.add(later);
  write(other, "not ours");
  write(later, "two");
  expect([await first, await next()]).toEqual(["a 2: one", "b 1: two"]);
});

test("one service can be watched alone, through its next deployments", async () => {
  const { directory, service, next } = await watching({ serviceId: "a" });
  const first = next();
  const other = await deployedService("acme", "b");
  directory.add(other);
  write(other, "not asked for");
  write(service, "one");
  directory.remove(service);
  write(service, "from nowhere");
  const again = await deployedService("acme", "a");
  directory.add(again);
  write(again, "two");
  expect([await first, await next()]).toEqual(["a 1: one", "a 1: two"]);
});

test("of the lines that a slow reader leaves waiting the newest 1,000 are kept", async () => {
  const { service, next } = await watching();
  const first = next();
  write(service, "first");
  await first;
  for (let count = 0; count < 1_100; count += 1) write(service, "more");
  expect(await next()).toBe("a 102: more");
});

test("it ends when the signal aborts, also while it waits", async () => {
  const { abort, next } = await watching();
  const waiting = next();
  abort.abort();
  expect([await waiting, await next()]).toEqual(["end", "end"]);
});
