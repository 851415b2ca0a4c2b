import { TestEnvironment } from "jest-environment-node";

/**
 * Jest's Node environment with the outer realm's built-ins.
 *
 * Errors of node:fs and values cloned by a worker come from the outer realm; without this they are not
 * `instanceof Error` or `Map` inside a test.
 */
export default class SameRealmEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of [
      "Error",
      "TypeError",
      "RangeError",
      "SyntaxError",
      "Uint8Array",
      "ArrayBuffer",
      "Map",
      "Set",
      "Promise",
    ]) {
      this.global[name] = globalThis[name];
    }
  }
}
