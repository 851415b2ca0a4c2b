import { Resolver } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import type { Address } from "./address.ts";

/** Finds all addresses of a host; none where there is no such host. Rejects where that could not be found out. */
export type Resolve = (host: string, signal: AbortSignal) => Promise<readonly Address[]>;

const timeoutMs = 3_000;

/**
 * As this host resolves names: its hosts file, then its name servers. Not by the system's own call, which would hold threads
 * that the kernel's files need, for as long as somebody's name server likes.
 */
export const systemResolve: Resolve = async (host, signal) => {
  if (host === "localhost" || host.endsWith(".localhost")) return [{ address: "127.0.0.1", family: 4 }];
  const known = inHostsFile(await readFile("/etc/hosts", "utf8").catch(() => ""), host);
  if (known.length > 0) return known;
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const answers = await Promise.all([found(resolver.resolve4(host), 4), found(resolver.resolve6(host), 6)]);
    return answers.flat();
  } finally {
    signal.removeEventListener("abort", cancel);
  }
};

/** Addresses of a host in the text of a hosts file. */
export function inHostsFile(text: string, host: string): readonly Address[] {
  return text.split("\n").flatMap((line): readonly Address[] => {
    const [address, ...names] = (line.split("#")[0] ?? "").trim().split(/\s+/);
    if (address === undefined || !names.some((name) => name.toLowerCase() === host)) return [];
    return [{ address, family: address.includes(":") ? 6 : 4 }];
  });
}

async function found(answer: Promise<readonly string[]>, family: 4 | 6): Promise<readonly Address[]> {
  try {
    return (await answer).map((address) => ({ address, family }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENODATA" || code === "ENOTFOUND") return [];
    throw error;
  }
}
