/**
 * Why the host did not execute a program, from the last words of what should have started it; `undefined` for any others.
 * A program may say the same and end: then it is not believed in vain, since it does not run either.
 */
export function execFailure(lastOutput: string): string | undefined {
  const [, why] = /^(?:bwrap: execvp|setpriv: failed to execute|sh: \d+: exec:) .*: ([^:\n]+)$/m.exec(lastOutput) ?? [];
  if (why === undefined) return undefined;
  if (!/^(No such file|not found)/i.test(why)) return `It cannot be executed here: ${why}`;
  return "It cannot be executed here: its loader is not in the cell. Link it statically, or have the operator allow the host's libraries (--host-libraries yes)";
}
