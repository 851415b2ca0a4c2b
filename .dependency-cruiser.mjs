// Which way imports run. `npm run check` applies it, and plants violations to see that each rule finds what it forbids.

/**
 * The server's layout, lowest first: a file may import from its own layer and from those before it.
 * Architecture: the words of the domain, then ports, then what stands on them, then what composes everything.
 */
const serverLayers = [
  ["limits and errors", "(limits|errors)[.]ts$"],
  ["vocabulary", "(services/cause|events/event)[.]ts$"],
  ["ports", "(ports/|system-clock[.]ts$)"],
  ["config", "config/"],
  ["events", "events/"],
  ["storage", "storage/"],
  ["observability", "observability/"],
  ["identity", "identity/"],
  ["receipts", "receipts/"],
  ["audit", "audit/"],
  ["authority", "authority/"],
  ["vault", "vault/"],
  ["cells", "cells/"],
  ["services", "services/"],
  ["drivers", "drivers/"],
  ["messaging", "messaging/"],
  ["deployment", "deployment/"],
  ["administration", "administration/"],
  ["kernel", "kernel(/|[.]ts$)"],
  ["gateway", "gateway/"],
  ["entry", "(main|testing)[.]ts$"],
];

const server = (pattern) => `^packages/server/src/${pattern}`;
const tests = "([.]test(-d)?[.]ts$)|(^packages/[^/]+/test/)|(^packages/server/src/.+/testing/)";

const layerRules = serverLayers.slice(0, -1).map(([name, pattern], index) => {
  const lower = serverLayers.slice(0, index).map(([, earlier]) => server(earlier));
  return {
    name: `server-${name.replaceAll(" ", "-")}-below`,
    comment: `${name} must not know what stands on it`,
    severity: "error",
    from: { path: server(pattern), pathNot: [tests, ...lower] },
    to: {
      path: serverLayers.slice(index + 1).map(([, later]) => server(later)),
      // A file named in a lower layer lies in the folder of a higher one.
      pathNot: serverLayers.slice(0, index + 1).map(([, own]) => server(own)),
    },
  };
});

export default {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Two files that need each other share a third",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-missing-module",
      comment: "Every import leads somewhere",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "actor-core-stands-alone",
      comment: "Actors run anywhere: no other package and nothing of Node",
      severity: "error",
      from: { path: "^packages/actor-core/src/", pathNot: ["^packages/actor-core/src/xstate/", tests] },
      to: { pathNot: "^packages/actor-core/src/(?!xstate/)" },
    },
    {
      name: "actor-core-xstate-stands-on-xstate",
      comment: "The one entry point with a peer knows that and the actors",
      severity: "error",
      from: { path: "^packages/actor-core/src/xstate/", pathNot: tests },
      to: { pathNot: ["^packages/actor-core/src/", "/node_modules/xstate/"] },
    },
    {
      name: "capabilities-stand-alone",
      comment: "Authority knows nothing of what it guards, and reaches neither network nor files",
      severity: "error",
      from: { path: "^packages/capabilities/src/", pathNot: tests },
      to: { pathNot: ["^packages/capabilities/src/", "/node_modules/(jose|@noble/hashes)/"] },
    },
    {
      name: "proto-stands-alone",
      comment: "The wire format is below everything",
      severity: "error",
      from: { path: "^packages/proto/src/", pathNot: tests },
      to: { path: "^packages/(?!proto/)|^@solo/" },
    },
    {
      name: "notation-stands-alone",
      comment: "How a size is written is nobody's business above",
      severity: "error",
      from: { path: "^packages/notation/src/", pathNot: tests },
      to: { pathNot: "^packages/notation/src/" },
    },
    {
      name: "catalogue-stands-on-notation",
      comment: "What is said of everything imports nothing of it",
      severity: "error",
      from: { path: "^packages/catalogue/src/", pathNot: tests },
      to: { path: "^packages/(?!(catalogue|notation)/)|^@solo/(?!notation)" },
    },
    {
      name: "receipts-stand-alone",
      comment: "Whoever checks a copied log needs nothing of the server",
      severity: "error",
      from: { path: "^packages/receipts/src/", pathNot: tests },
      to: { path: "^packages/(?!receipts/)|^@solo/" },
    },
    {
      name: "mcp-knows-no-side",
      comment: "The same tools run in the command and in the server",
      severity: "error",
      from: { path: "^packages/mcp/src/", pathNot: tests },
      to: { path: "^packages/(?!(catalogue|mcp|notation|proto)/)|^@solo/(?!catalogue|notation|proto)" },
    },
    {
      name: "mcp-library-in-its-adapter",
      comment: "The protocol's library changes faster than what the tools do",
      severity: "error",
      from: { path: "^packages/", pathNot: ["^packages/mcp/src/adapter/", tests] },
      to: { path: "@modelcontextprotocol" },
    },
    {
      name: "client-speaks-only-the-proto",
      comment: "Whoever installs the client does not install a server; a definition gives it types and nothing else",
      severity: "error",
      from: { path: "^packages/client/src/", pathNot: tests },
      to: { path: "^packages/(?!(actor-core|catalogue|client|proto)/)|^@solo/(?!actor-core|catalogue|proto)" },
    },
    {
      name: "client-takes-types-of-actors",
      comment: "The actors' code is no part of a client",
      severity: "error",
      from: { path: "^packages/client/src/", pathNot: tests },
      to: { path: "^packages/actor-core/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "cli-speaks-only-the-proto",
      comment: "Whatever the command can do, every other client can do",
      severity: "error",
      from: { path: "^packages/cli/src/", pathNot: tests },
      to: {
        path: "^packages/(?!(capabilities|catalogue|cli|client|mcp|notation|proto|receipts)/)|^@solo/(?!capabilities|catalogue|client|mcp|notation|proto|receipts)",
      },
    },
    {
      name: "server-without-command",
      comment: "The server does not know its command line client",
      severity: "error",
      from: { path: "^packages/server/src/", pathNot: tests },
      to: { path: "^packages/cli/|^@solo/cli" },
    },
    {
      name: "server-has-a-layer",
      comment:
        "A folder that the layout in .dependency-cruiser.mjs does not name could import anything: give it its place",
      severity: "error",
      from: { path: "^packages/server/src/", pathNot: [tests, ...serverLayers.map(([, pattern]) => server(pattern))] },
      to: {},
    },
    {
      name: "no-test-in-product",
      comment: "What ships must not need its tests",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: tests },
      to: { path: tests },
    },
    ...layerRules,
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // Tests may import what they like, and its parser does not know `using`, which they use.
    exclude: { path: ["^packages/[^/]+/dist/", "[.]test[.]ts$"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["solo:source", "import", "types", "node", "default"],
    },
  },
};
