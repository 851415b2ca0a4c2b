// A solo-server that decides as ever and tells nobody: no use is counted or noted, and no receipts are written. Loaded into the
// server's own process with `node --import`.
import { changeSource } from "./changed-source.mjs";

changeSource({
  "/authority/uses.js": { from: /^ {4}async note\(use\) \{$/m, to: "$&\n        return;" },
  "/receipts/receipts.js": { from: /^ {4}changed\(\) \{$/m, to: "$&\n        return;" },
});
