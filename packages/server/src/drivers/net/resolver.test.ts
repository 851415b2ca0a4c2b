import { describe, expect, test } from "@jest/globals";
import { inHostsFile, systemResolve } from "./resolver.ts";

const never = new AbortController().signal;

describe("names that this host knows by itself", () => {
  test("are read from the hosts file, all addresses of each", () => {
    const text =
      "# 10.9.9.9 db\n127.0.0.1 localhost\n10.0.0.1\tdb  DB-Primary # the first\n\n10.0.0.2 db\nfd00::1 db\n";
    expect(inHostsFile(text, "db")).toEqual([
      { address: "10.0.0.1", family: 4 },
      { address: "10.0.0.2", family: 4 },
      { address: "fd00::1", family: 6 },
    ]);
    expect(inHostsFile(text, "db-primary")).toEqual([{ address: "10.0.0.1", family: 4 }]);
    expect(inHostsFile(text, "first")).toEqual([]);
    expect(inHostsFile("", "db")).toEqual([]);
  });

  test("are never asked of a name server where they mean this host", async () => {
    const loopback = [{ address: "127.0.0.1", family: 4 }];
    expect(await systemResolve("localhost", never)).toEqual(loopback);
    expect(await systemResolve("a.localhost", never)).toEqual(loopback);
  });
});
