import { writeFileSync } from "node:fs";

/**
 * Writes how many tests passed and failed to the file that `TEST_COUNTS_FILE` names; does nothing without it.
 *
 * A test file that could not run at all counts as one failed test, as does a run that was cut short.
 */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.TEST_COUNTS_FILE;
    if (file === undefined) return;
    const broken = results.numRuntimeErrorTestSuites + (results.wasInterrupted ? 1 : 0);
    const counts = { passed: results.numPassedTests, failed: results.numFailedTests + broken };
    writeFileSync(file, JSON.stringify(counts));
  }
}
