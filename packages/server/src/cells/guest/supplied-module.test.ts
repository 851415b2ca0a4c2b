import { expect, test } from "@jest/globals";
import { needsNoMoreThan } from "./supplied-module.ts";

const names = ["defineServer", "reply"];

test.each([
  `import { defineServer, reply } from "@solo/actor-core";`,
  `import {defineServer as define,\n  reply,\n} from '@solo/actor-core'`,
  `import { defineServer, type Pid, type Ref as Server } from "@solo/actor-core";`,
  `import type { Pid, Supervisor } from "@solo/actor-core";\nimport { reply } from "@solo/actor-core";`,
  `export default 1;`,
])("%j needs no more than the usual", (source) => {
  expect(needsNoMoreThan(names, source)).toBe(true);
});

test.each([
  `import { defineServer, startSupervisor } from "@solo/actor-core";`,
  `import * as core from "@solo/actor-core";`,
  `import core, { reply } from "@solo/actor-core";`,
  `export { reply } from "@solo/actor-core";`,
  `const core = await import("@solo/actor-core");`,
  `import { reply } from "@solo/actor-core"; // and more of @solo/actor-core`,
  `import { type as reply } from "@solo/actor-core";`,
])("%j may need more", (source) => {
  expect(needsNoMoreThan(names, source)).toBe(false);
});
