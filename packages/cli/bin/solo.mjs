#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// Compiled code is kept between runs: a third of the time to an answer is compiling. In the user's own folder, since
// whoever can write to the cache decides what runs. A folder that cannot be written only costs the time.
module.enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "solo", "compiled"));
await import("../dist/main.js");
