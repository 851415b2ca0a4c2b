export default {
  testEnvironment: "./tooling/jest-environment.mjs",
  testEnvironmentOptions: { customExportConditions: ["solo:source", "node", "node-addons"] },
  extensionsToTreatAsEsm: [".ts"],
  testMatch: [
    "<rootDir>/packages/*/{src,test}/**/*.test.ts",
    "<rootDir>/{examples,bench,test}/**/*.test.ts",
    "<rootDir>/{bench,scripts}/**/*.test.mjs",
  ],
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2024" }, module: { type: "es6" } }],
  },
  modulePathIgnorePatterns: ["/dist/"],
  reporters: ["default", "<rootDir>/tooling/count-reporter.mjs"],
  // Half of all processors is jest's idea of a polite default; a test run is what the machine is for.
  maxWorkers: "100%",
  testTimeout: 30_000,
};
