/**
 * What a program's first bytes say it is. A look at fixed places and nothing more, so that a mistake gets a clear word before
 * anything starts; what really can be executed, the host decides.
 */
export type Executable =
  | { readonly kind: "elf" }
  /** A script; `interpreter` is the name of the program that runs it, without folders. */
  | { readonly kind: "script"; readonly interpreter: string; readonly arguments: readonly string[] }
  | { readonly kind: "refused"; readonly found: string; readonly wanted: string };

/**
 * @param bytes The program, or its first {@link HEAD_BYTES}.
 * @param architecture As `process.arch` spells it.
 */
export function readExecutable(bytes: Uint8Array, architecture: string): Executable {
  if (bytes.length === 0) return refuse("0 bytes");
  if (bytes[0] === HASH && bytes[1] === BANG) return readScript(bytes);
  if (ELF_MAGIC.every((byte, index) => bytes[index] === byte)) return readElf(bytes, architecture);
  const first = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return refuse(`a file that begins with the bytes ${first}`);
}

/** As much of a script's first line, and more than as much of an ELF header, as the host looks at. */
export const HEAD_BYTES = 256;

function readScript(bytes: Uint8Array): Executable {
  const head = Buffer.from(bytes.subarray(2, HEAD_BYTES)).toString("latin1");
  const end = head.indexOf("\n");
  const [program = "", ...rest] = (end === -1 ? head : head.slice(0, end)).trim().split(/[ \t]+/);
  const name = baseName(program);
  // `#!/usr/bin/env NAME`, with the flag that lets it take arguments too.
  const [interpreter = "", ...args] = name === "env" ? rest.filter((word) => word !== "-S") : [name, ...rest];
  if (!/^[A-Za-z0-9][\w.+-]*$/.test(baseName(interpreter))) {
    return refuse("a script whose first line names no interpreter", "#!/bin/sh, #!/usr/bin/env python3 and the like");
  }
  return { kind: "script", interpreter: baseName(interpreter), arguments: args };
}

function readElf(bytes: Uint8Array, architecture: string): Executable {
  const machine = MACHINES.get((bytes[18] ?? 0) | ((bytes[19] ?? 0) << 8));
  // The fifth byte tells 32 from 64 bits, the sixth the order of bytes; every host of ours is 64 bits and little endian.
  if (bytes.length < 64 || bytes[4] !== 2 || bytes[5] !== 1 || machine !== architecture) {
    const width = bytes[4] === 1 ? "32 bit" : "64 bit";
    return refuse(
      `an ELF binary for ${machine ?? "another processor"}, ${width}`,
      `an ELF binary for ${architecture}, 64 bit`,
    );
  }
  const type = (bytes[16] ?? 0) | ((bytes[17] ?? 0) << 8);
  return type === ELF_EXECUTABLE || type === ELF_POSITION_INDEPENDENT
    ? { kind: "elf" }
    : refuse("an ELF file that is no program, such as an object file");
}

function refuse(found: string, wanted = "an ELF binary, or a script that begins with #!"): Executable {
  return { kind: "refused", found, wanted };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

const HASH = 0x23;
const BANG = 0x21;
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const ELF_EXECUTABLE = 2;
const ELF_POSITION_INDEPENDENT = 3;
/** e_machine of elf.h, in the spelling of `process.arch`. */
const MACHINES: ReadonlyMap<number, string> = new Map([
  [3, "ia32"],
  [8, "mips"],
  [20, "ppc"],
  [21, "ppc64"],
  [22, "s390x"],
  [40, "arm"],
  [62, "x64"],
  [183, "arm64"],
  [243, "riscv64"],
]);
