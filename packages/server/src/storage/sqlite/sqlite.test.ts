import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { describeStorage } from "../contract.ts";
import { openSqliteStorage } from "./sqlite-storage.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describeStorage("sqlite", ({ clock }) => {
  const folder = mkdtempSync(join(tmpdir(), "solo-storage-"));
  folders.push(folder);
  return openSqliteStorage({ folder, clock });
});
