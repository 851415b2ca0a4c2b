import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { Failure, usageFailure } from "./failure.ts";
import type { Host } from "./host.ts";

/** Where a secret comes from: never an argument, which every user of the machine can see and the shell remembers. */
export interface SecretInput {
  /** Undefined for standard input. */
  readonly file: string | undefined;
  /** Such as `the secret`. */
  readonly what: string;
}

/** Larger than any secret that a server takes. */
const maxBytes = 1024 * 1024;

/**
 * Reads a secret as bytes, which its receiver wipes. A file is taken as it is; of standard input the end of the last line is left
 * away, which `echo` and a person at a terminal add.
 *
 * @throws {Failure}
 */
export async function readSecret(host: Host, { file, what }: SecretInput): Promise<Buffer> {
  if (file !== undefined) return readFile(resolve(host.workingFolder, file), file);
  const terminal = host.stdin as Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): void };
  if (terminal.isTTY === true) return readHidden(terminal, host, what);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of host.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    chunks.push(bytes);
    size += bytes.length;
    if (size > maxBytes)
      throw usageFailure(`Cannot read ${what}: it is too large`, { found: `more than ${maxBytes} bytes` });
  }
  const all = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) {
    at += chunk.copy(all, at);
    chunk.fill(0);
  }
  return withoutLineEnd(all);
}

function readFile(path: string, named: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure(`Cannot read ${named}`, {
      code: "usage",
      reason: "FILE_UNREADABLE",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a file that you may read",
    });
  }
}

/** A line from a terminal that does not show it. */
function readHidden(
  terminal: Readable & { setRawMode?(raw: boolean): void },
  host: Host,
  what: string,
): Promise<Buffer> {
  host.stderr.write(`Type ${what}, which is not shown, and press Enter: `);
  terminal.setRawMode?.(true);
  const line = Buffer.allocUnsafeSlow(maxBytes);
  let length = 0;
  return new Promise((resolve, reject) => {
    const end = (): void => {
      terminal.off("data", take);
      terminal.setRawMode?.(false);
      terminal.pause();
      host.stderr.write("\n");
    };
    const take = (chunk: Buffer): void => {
      for (const byte of chunk) {
        if (byte === 0x0d || byte === 0x0a || byte === 0x04) {
          end();
          const secret = Buffer.allocUnsafeSlow(length);
          line.copy(secret, 0, 0, length);
          line.fill(0);
          resolve(secret);
          return;
        }
        if (byte === 0x03) {
          end();
          line.fill(0);
          reject(usageFailure(`Cannot read ${what}: it was interrupted`, { found: "Ctrl-C" }));
          return;
        }
        if (byte === 0x7f || byte === 0x08) length = Math.max(0, length - 1);
        else if (length < line.length) line[length++] = byte;
      }
      chunk.fill(0);
    };
    terminal.on("data", take);
    terminal.resume();
  });
}

function withoutLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}
