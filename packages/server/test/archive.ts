import { gzipSync } from "node:zlib";

/** One entry of a tar archive, as right or wrong as a test wants it. */
export interface TarEntry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  /** Of the header: `0` file, `1` hard link, `2` symbolic link, `3` device, `5` folder. */
  readonly type?: string;
  readonly link?: string;
  /** What the header says, when that is not true. */
  readonly claimedBytes?: number;
}

/** A tar archive, written byte by byte so that it can hold what no archiver writes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), Buffer.alloc(1024)]);
}

export const tarGz = (entries: readonly TarEntry[]): Buffer => gzipSync(tar(entries));

function entryBytes(entry: TarEntry): Buffer {
  const { path, mode = 0o755, type = "0", link = "" } = entry;
  const content = Buffer.from(entry.content ?? "");
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  writeOctal(header, 100, 8, mode);
  writeOctal(header, 108, 8, 0);
  writeOctal(header, 116, 8, 0);
  writeOctal(header, 124, 12, entry.claimedBytes ?? content.length);
  writeOctal(header, 136, 12, 0);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write("ustar\u000000", 257);
  writeOctal(
    header,
    148,
    8,
    header.reduce((sum, byte) => sum + byte, 0),
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function writeOctal(header: Buffer, offset: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, "0")}\u0000`, offset);
}
