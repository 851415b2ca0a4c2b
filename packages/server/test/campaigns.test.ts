// Short, repeatable runs of the campaigns; `npm run chaos`, `soak` and `fuzz` go on for as long as one likes.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

/** Runs a campaign; its own words, with the seed and how to run it again, are what a failure shows. */
async function campaign(name: string, ...args: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL(`../../../scripts/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${said}`);
  return said;
}

test("20 kills -9 of the server under load lose no acknowledged service and no event, and leave no process", async () => {
  expect(await campaign("chaos", "--seed", "1", "--kills", "20")).toMatch(/All held: 2\d kills/);
}, 180_000);

test("under mixed load the server holds no more at rest than before", async () => {
  expect(await campaign("soak", "--seed", "1", "--minutes", "0.2")).toMatch(/All held/);
}, 60_000);

test("random and damaged requests find no fault, and every error is of the catalogue", async () => {
  expect(await campaign("fuzz", "--seed", "1", "--minutes", "0.2")).toMatch(/All held: .* [1-9]\d* cells ended/);
}, 60_000);
