import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "@jest/globals";

/** Bytes that this machine's own buffers of one connection may come to, in which a client that does not read leaves them. */
export function connectionBufferBytes(): number {
  const [received, sent] = ["tcp_rmem", "tcp_wmem"].map((name) =>
    Number(readFileSync(`/proc/sys/net/ipv4/${name}`, "utf8").trim().split(/\s+/).at(-1)),
  );
  return (received as number) + (sent as number);
}

/** For a test that needs a program of the machine; left out aloud where that is not there, and a failure in CI. */
export function testWith(program: string): typeof test | typeof test.skip {
  if (program === "sh" || spawnSync(program, ["--version"]).status === 0) return test;
  if (process.env.CI !== undefined) throw new Error(`${program} is wanted for these tests`);
  console.warn(`Left out, since this machine has no ${program}`);
  return test.skip;
}
