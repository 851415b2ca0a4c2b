import { quoted, SoloError } from "../../errors.ts";
import type { Asker, CallOperation, Driver } from "../driver.ts";
import { argumentsRefused } from "../refusals.ts";
import { quotaReached, type TenantQuota } from "../tenant-quota.ts";
import { type Scratch, type ScratchOwner, scratchLimits } from "./scratch.ts";

/** `ctx.fs`, and what the kernel itself needs of it. */
export interface FsDriver extends Driver {
  /** Removes the files of a service that is gone for good. */
  forget(owner: ScratchOwner): Promise<void>;
  /** The services that may have files. */
  owners(): Promise<readonly ScratchOwner[]>;
  /** Bytes that a tenant keeps. */
  usage(tenant: string): Promise<number>;
}

const longestPath = 200;
const mostNames = 8;

/** Files of the service's own that outlive its cell, and not the service. */
export function fsDriver(scratch: Scratch, quota: TenantQuota): FsDriver {
  return {
    name: "fs",
    operations: {
      read: operation(
        "fs/read",
        "fs.read",
        1,
        ([path], asker) =>
          async () =>
            scratch.read(asker, path),
      ),
      list: operation("fs/read", "fs.list", 0, (_, asker) => async () => scratch.list(asker)),
      remove: operation(
        "fs/write",
        "fs.remove",
        1,
        ([path], asker) =>
          async () =>
            scratch.remove(asker, path),
      ),
      write: operation("fs/write", "fs.write", 2, ([path, data], asker) => {
        const bytes = readData(data);
        return async () => {
          const allowed = quota.allowed(asker.tenant, "filesBytes");
          const written = await scratch.write(asker, path, bytes, allowed).catch(diskFull);
          if (written.kind === "tenant-full") {
            throw quotaReached(quota, "fs.write", asker, { limit: "filesBytes", used: written.used, allowed });
          }
          if (written.kind === "full") throw scratchFull(written.limit, written.used);
        };
      }),
    },
    forget: (owner) => scratch.forget(owner),
    owners: () => scratch.owners(),
    usage: (tenant) => scratch.usage(tenant),
  };
}

type Given = readonly [path: string, data: unknown];

function operation(
  ability: "fs/read" | "fs/write",
  name: string,
  most: number,
  make: (given: Given, asker: Asker) => () => Promise<unknown>,
): CallOperation {
  return {
    kind: "call",
    abilities: [ability],
    plan: (args, asker) => {
      if (args.length > most) {
        throw argumentsRefused(name, { field: "arguments", found: `${args.length}`, wanted: `at most ${most}` });
      }
      const path = most === 0 ? "" : readPath(name, args[0]);
      const below = path === "" ? "" : `/${path}`;
      return {
        needs: [{ ability, path: `fs/${asker.serviceId}${below}` }],
        run: make([path, args[1]], asker),
      };
    },
  };
}

/** Names as in a resource: one spelling, no way up, nothing that another system reads differently. */
function readPath(name: string, value: unknown): string {
  const path = typeof value === "string" ? value : "";
  const names = path.split("/");
  const isPath =
    path.length <= longestPath &&
    names.length <= mostNames &&
    names.every((part) => /^[A-Za-z0-9._~-]+$/.test(part) && part !== "." && part !== "..");
  if (isPath) return path;
  throw argumentsRefused(name, {
    field: "path",
    found: typeof value === "string" ? quoted(value) : `a value of type ${typeof value}`,
    wanted: `up to ${mostNames} names of letters, digits and . _ ~ - joined by /, ${longestPath} characters at most`,
  });
}

function readData(data: unknown): Uint8Array {
  if (typeof data !== "string" && !(data instanceof Uint8Array)) {
    throw argumentsRefused("fs.write", {
      field: "data",
      found: `a value of type ${typeof data}`,
      wanted: "text or bytes",
    });
  }
  const bytes = Buffer.from(data as string);
  if (bytes.length <= scratchLimits.fileBytes) return bytes;
  const wanted = `at most ${scratchLimits.fileBytes} bytes`;
  throw argumentsRefused("fs.write", { field: "data", found: `${bytes.length} bytes`, wanted });
}

function scratchFull(limit: "files" | "bytes", used: number): SoloError {
  return new SoloError("SCRATCH_FULL", `Cannot do fs.write: the service's scratch has no room for more ${limit}`, {
    found: `${used} ${limit}`,
    wanted: `at most ${scratchLimits[limit]}`,
    quota: { subject: `scratch_${limit}`, limit: scratchLimits[limit], used },
  });
}

function diskFull(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
  throw new SoloError(
    "DISK_FULL",
    "Cannot do fs.write: the disk of the server is full",
    { found: "a disk without room", wanted: "room for the file" },
    { cause: error },
  );
}
