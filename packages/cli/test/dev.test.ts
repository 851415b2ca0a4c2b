// `solo dev` against a real server: what is saved runs, and what it logs is seen.

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { makeDataFolder, type ServerProcess, startServer } from "../../server/test/server-process.ts";
import { solo } from "./peer.ts";

jest.setTimeout(90_000);

const data = makeDataFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(data.folder);
});
afterAll(async () => {
  await server.stop();
  data.remove();
});

const saying = (text: string) => `
import { defineServer } from "@solo/actor-core";
export default defineServer({ version: 1, init: ({ ctx }) => { ctx.log(${JSON.stringify(text)}); return 0; } });
`;

/** Runs `solo dev` on a file; `seen` resolves once its output has held a text, counted from the last that was waited for. */
function develop(...argv: readonly string[]) {
  const stop = new AbortController();
  let output = "";
  let wake = (): void => undefined;
  const ended = solo(["dev", ...argv, "--json"], {
    env: { SOLO_PROFILE: server.ready.profile },
    workingFolder: data.folder,
    interrupt: stop.signal,
    onStdout: (text) => {
      output += text;
      wake();
    },
  });
  const seen = async (text: string): Promise<void> => {
    for (;;) {
      const at = output.indexOf(text);
      if (at >= 0) {
        output = output.slice(at + text.length);
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { seen, ended, stop: () => stop.abort() };
}

test("each save is deployed as the next version, a broken one is told, and the log is shown", async () => {
  const file = join(data.folder, "draft.ts");
  writeFileSync(file, saying("first"));
  const development = develop("draft.ts");
  await development.seen('"version":1');
  await development.seen('"text":"first"');

  writeFileSync(file, saying("second"));
  await development.seen('"version":2');
  await development.seen('"text":"second"');

  writeFileSync(file, "export default {\n  broken: ,\n};\n");
  await development.seen('"reason":"COMPILE_FAILED"');

  // As editors save: another file takes its place.
  writeFileSync(`${file}.new`, saying("third"));
  renameSync(`${file}.new`, file);
  await development.seen('"text":"third"');

  development.stop();
  expect((await development.ended).exitCode).toBe(0);
  const left = await solo(["status", "draft", "--json"], { env: { SOLO_PROFILE: server.ready.profile } });
  expect(left.json()).toEqual([{ service: expect.objectContaining({ state: "running" }) }]);
});

test("a file that is not there is refused at once", async () => {
  const { exitCode, json } = await develop("missing.ts").ended;
  expect(exitCode).toBe(2);
  expect(json()).toEqual([{ error: expect.objectContaining({ reason: "FILE_UNREADABLE" }) }]);
});
