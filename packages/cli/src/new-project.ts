/**
 * The files of a new project by their paths: a service with typed state and methods, and a test that runs it in-process.
 *
 * @param name The service's id.
 */
export function newProject(name: string): Readonly<Record<string, string>> {
  return {
    "package.json": `${JSON.stringify(packageOf(name), undefined, 2)}\n`,
    "tsconfig.json": `${JSON.stringify(typescriptOptions, undefined, 2)}\n`,
    [`${name}.ts`]: service,
    [`${name}.test.ts`]: testOf(name),
    "AGENTS.md": agentsOf(name),
  };
}

const packageOf = (name: string) => ({
  name,
  version: "0.1.0",
  private: true,
  type: "module",
  engines: { node: ">=24" },
  scripts: { test: "node --test", types: "tsc", dev: `solo dev ${name}.ts`, deploy: `solo deploy ${name}.ts` },
  dependencies: { "@solo/actor-core": "^0.1.0" },
  devDependencies: { "@solo/server": "^0.1.0", "@types/node": "^24.0.0", typescript: "^7.0.0" },
});

const typescriptOptions = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "esnext.disposable"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // What a sandbox and Node can strip.
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["node"],
  },
  include: ["*.ts"],
};

const service = `import { defineServer, reply } from "@solo/actor-core";

interface State {
  readonly greeted: number;
}

export default defineServer({
  version: 1,
  init: ({ ctx }, greeting: string = "hello"): State & { readonly greeting: string } => {
    ctx.log("info", \`greeting with \${greeting}\`);
    return { greeted: 0, greeting };
  },
  calls: {
    // What comes over the wire is unchecked JSON.
    greet: ({ state }, name: unknown) => {
      if (typeof name !== "string") return reply({ ok: false, reason: "wanted a name" }, state);
      return reply({ ok: true, text: \`\${state.greeting}, \${name}\` }, { ...state, greeted: state.greeted + 1 });
    },
    count: ({ state }) => reply(state.greeted, state),
  },
  casts: {
    reset: ({ state }) => ({ ...state, greeted: 0 }),
  },
});
`;

const testOf = (name: string) => `import assert from "node:assert/strict";
import { test } from "node:test";
import { startKernel } from "@solo/server/testing";
import service from "./${name}.ts";

test("greets by name and counts", async () => {
  await using kernel = await startKernel();
  await kernel.deploy("${name}", service, { startArguments: ["welcome"] });
  assert.deepEqual(await kernel.call("${name}", "greet", "Ada"), { ok: true, text: "welcome, Ada" });
  assert.equal(await kernel.call("${name}", "count"), 1);
});

test("refuses what is no name, and lives on", async () => {
  await using kernel = await startKernel();
  await kernel.deploy("${name}", service);
  assert.deepEqual(await kernel.call("${name}", "greet", 42), { ok: false, reason: "wanted a name" });
  await kernel.cast("${name}", "reset");
  assert.equal(await kernel.call("${name}", "count"), 0);
});
`;

const agentsOf = (name: string) => `# ${name}

A service for SOLO: \`${name}.ts\` is what is deployed, \`${name}.test.ts\` runs it in-process.

- \`npm test\` runs the tests; no server is needed. \`npm run types\` checks types: a deploy strips them unchecked.
- \`solo dev ${name}.ts\` deploys on every save and shows the log. Each save is a new version with fresh state.
- \`solo help writing-a-service\` says what the file may hold, \`solo help REASON\` explains an error.
- The file imports nothing but \`@solo/actor-core\`. One message is handled at a time. What crosses a boundary is JSON.
`;
