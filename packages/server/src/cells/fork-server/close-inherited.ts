import { closeSync, readdirSync, readFileSync } from "node:fs";

/** O_CLOEXEC, the same number on x64 and arm64. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes what this process was started with beside its standard streams, and does not know of: it would reach all that it
 * starts. Node keeps descriptors below 16 from its children; those that it has opened itself are not touched, as they close
 * when a command begins.
 */
export function closeInherited(): void {
  for (const name of readdirSync("/proc/self/fd")) {
    const descriptor = Number(name);
    if (descriptor > 2 && staysOpen(descriptor)) closeSync(descriptor);
  }
}

function staysOpen(descriptor: number): boolean {
  let facts: string;
  try {
    facts = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
  } catch {
    // That by which the folder was listed.
    return false;
  }
  const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(facts)?.[1] ?? "0", 8);
  return (flags & CLOSE_ON_EXEC) === 0;
}
