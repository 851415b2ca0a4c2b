/** The examples below a command's help. */
export function examples(...commands: readonly [string, ...string[]]): string {
  return `\nExamples:\n${commands.map((command) => `  $ ${command}\n`).join("")}`;
}
