// Bundles all that runs inside a cell into one file, dist/guest/guest.js.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

await build({
  entryPoints: [fileURLToPath(new URL("../src/cells/guest/main.ts", import.meta.url))],
  outfile: fileURLToPath(new URL("../dist/guest/guest.js", import.meta.url)),
  bundle: true,
  minify: true,
  format: "esm",
  platform: "neutral",
  target: "esnext",
  // The workspace's own sources, so that the order of builds does not matter.
  conditions: ["solo:source"],
  mainFields: ["module", "main"],
  legalComments: "none",
});
