export default {
  testEnvironment: "./tooling/jest-environment.mjs",
  testEnvironmentOptions: { customExportConditions: ["solo:source", "node", "node-addons"] },
  extensionsToTreatAsEsm: [".ts"],
  testMatch: ["<rootDir>/packages/*/{src,test}/**/*.test.ts", "<rootDir>/examples/**/*.test.ts", "<rootDir>/test/**/*.test.ts"],
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2024" }, module: { type: "es6" } }],
  },
  modulePathIgnorePatterns: ["/dist/"],
  testTimeout: 30_000,
};
