import { mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nanoid } from "nanoid";

/** What one service may keep. */
export const scratchLimits = {
  files: 256,
  fileBytes: 1024 * 1024,
  bytes: 16 * 1024 * 1024,
} as const;

/** Whose folder it is. Both names are plain, as names of tenants and services are. */
export interface ScratchOwner {
  readonly tenant: string;
  readonly serviceId: string;
}

export interface ScratchFile {
  readonly path: string;
  readonly bytes: number;
}

export type Written =
  | { readonly kind: "written" }
  | { readonly kind: "full"; readonly limit: "files" | "bytes"; readonly used: number }
  | { readonly kind: "tenant-full"; readonly used: number };

/**
 * The scratch folders of all services. A service's files lie flat in its folder, whatever their paths: there is no link, no
 * folder and no other name in it that a path could lead through.
 */
export class Scratch {
  readonly #root: string;
  /** The last change in each folder, while one is made. */
  readonly #changes = new Map<string, Promise<unknown>>();

  /** Bytes that each tenant keeps, counted when they are first asked for. */
  readonly #kept = new Map<string, Promise<{ bytes: number }>>();

  /** @param root Only the kernel may write there. */
  constructor(root: string) {
    this.#root = root;
  }

  async read(owner: ScratchOwner, path: string): Promise<Buffer | undefined> {
    return unlessMissing(readFile(join(this.#folderOf(owner), nameOf(path))));
  }

  async list(owner: ScratchOwner): Promise<readonly ScratchFile[]> {
    const folder = this.#folderOf(owner);
    const names = ((await unlessMissing(readdir(folder))) ?? []).filter((name) => !name.startsWith(unfinished));
    const files: ScratchFile[] = [];
    for (const name of names.sort()) {
      const found = await unlessMissing(stat(join(folder, name)));
      if (found !== undefined) files.push({ path: pathOf(name), bytes: found.size });
    }
    return files;
  }

  /** All of it or nothing, also when the server is killed meanwhile. */
  write(owner: ScratchOwner, path: string, bytes: Uint8Array, mostOfTenant: number): Promise<Written> {
    return this.#inOrder(owner, async () => {
      const kept = await this.#keptBy(owner.tenant);
      const all = await this.list(owner);
      const others = all.filter((file) => file.path !== path);
      if (others.length >= scratchLimits.files) return { kind: "full", limit: "files", used: others.length };
      const used = sumOf(others) + bytes.length;
      if (used > scratchLimits.bytes) return { kind: "full", limit: "bytes", used };
      const growth = bytes.length - (all.find((file) => file.path === path)?.bytes ?? 0);
      if (growth > 0 && kept.bytes + growth > mostOfTenant) return { kind: "tenant-full", used: kept.bytes };
      // Taken before it is written: others of the tenant write meanwhile.
      kept.bytes += growth;
      const folder = this.#folderOf(owner);
      const started = join(folder, `${unfinished}${nanoid()}`);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(started, bytes, { mode: 0o600 });
        await rename(started, join(folder, nameOf(path)));
      } catch (error) {
        kept.bytes -= growth;
        await rm(started, { force: true });
        throw error;
      }
      return { kind: "written" };
    });
  }

  /** @returns Whether there was such a file. */
  remove(owner: ScratchOwner, path: string): Promise<boolean> {
    return this.#inOrder(owner, async () => {
      const kept = await this.#keptBy(owner.tenant);
      const file = join(this.#folderOf(owner), nameOf(path));
      const found = await unlessMissing(stat(file));
      if (found === undefined) return false;
      await unlink(file);
      kept.bytes -= found.size;
      return true;
    });
  }

  /** Removes all of a service that is gone for good. */
  forget(owner: ScratchOwner): Promise<void> {
    return this.#inOrder(owner, async () => {
      const kept = await this.#keptBy(owner.tenant);
      const bytes = sumOf(await this.list(owner));
      await rm(this.#folderOf(owner), { recursive: true, force: true });
      kept.bytes -= bytes;
    });
  }

  /** Bytes that a tenant keeps. */
  async usage(tenant: string): Promise<number> {
    return (await this.#keptBy(tenant)).bytes;
  }

  /** The services that may have files. */
  async owners(): Promise<readonly ScratchOwner[]> {
    const tenants = (await unlessMissing(readdir(this.#root))) ?? [];
    const services = await Promise.all(
      tenants.map(async (tenant) => {
        const ids = (await unlessMissing(readdir(join(this.#root, tenant)))) ?? [];
        return ids.map((serviceId) => ({ tenant, serviceId }));
      }),
    );
    return services.flat();
  }

  #keptBy(tenant: string): Promise<{ bytes: number }> {
    const known = this.#kept.get(tenant);
    if (known !== undefined) return known;
    const count = async (): Promise<{ bytes: number }> => {
      const ids = (await unlessMissing(readdir(join(this.#root, tenant)))) ?? [];
      const lists = await Promise.all(ids.map((serviceId) => this.list({ tenant, serviceId })));
      return { bytes: sumOf(lists.flat()) };
    };
    const counted = count();
    this.#kept.set(tenant, counted);
    counted.catch(() => this.#kept.delete(tenant));
    return counted;
  }

  #folderOf({ tenant, serviceId }: ScratchOwner): string {
    return join(this.#root, tenant, serviceId);
  }

  #inOrder<T>(owner: ScratchOwner, change: () => Promise<T>): Promise<T> {
    const folder = this.#folderOf(owner);
    const made = (this.#changes.get(folder) ?? Promise.resolve()).then(change, change);
    this.#changes.set(folder, made);
    const forget = (): void => {
      if (this.#changes.get(folder) === made) this.#changes.delete(folder);
    };
    made.then(forget, forget);
    return made;
  }
}

const sumOf = (files: readonly ScratchFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** What begins like that is not written whole; no path can. */
const unfinished = "+";
/** In place of the slash of a path, which has no `+`. */
const nameOf = (path: string): string => path.replaceAll("/", "+");
const pathOf = (name: string): string => name.replaceAll("+", "/");

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
