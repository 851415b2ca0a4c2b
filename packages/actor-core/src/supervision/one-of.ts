/** The choices there are, as refusals name them: `"worker" or "supervisor"`. */
export function oneOf(choices: readonly string[]): string {
  return choices.map((choice) => `"${choice}"`).join(" or ");
}
