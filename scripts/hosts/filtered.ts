// `bun filtered.ts user-namespaces|container COMMAND…`: runs a command that may not make user namespaces, or none of the calls
// that a container engine's usual filter refuses to a container without more rights. For the rows of `npm run hosts`.
import { dlopen, FFIType, ptr } from "bun:ffi";

const EPERM = 1;
const ENOSYS = 38;
const CLONE = 56;
const UNSHARE = 272;
const CLONE3 = 435;
const NEW_USER = 0x10000000;
const NEW_ANY = 0x7e020080;
/** umount2, mount, pivot_root, setns, keyctl, add_key, request_key, bpf, perf_event_open, userfaultfd, and the newer mounts. */
const REFUSED_TO_CONTAINERS = [166, 165, 155, 308, 250, 248, 249, 321, 298, 323, 428, 429, 430, 431, 432, 433, 442];

const [kind, ...command] = process.argv.slice(2);
const refused = kind === "container" ? REFUSED_TO_CONTAINERS : [];
const flags = kind === "container" ? NEW_ANY : NEW_USER;
const program = assemble();
const { symbols } = dlopen("libc.so.6", {
  prctl: { args: [FFIType.i32, FFIType.u64, FFIType.u64, FFIType.u64, FFIType.u64], returns: FFIType.i32 },
  execvp: { args: [FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
});
const header = new BigUint64Array([BigInt(program.length), BigInt(ptr(program))]);
const [NO_NEW_PRIVILEGES, SECCOMP, FILTER] = [38, 22, 2];
if (symbols.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) !== 0) throw new Error("prctl refused to give up new privileges");
if (symbols.prctl(SECCOMP, FILTER, ptr(header), 0, 0) !== 0) throw new Error("prctl refused the filter");
const words = command.map((word) => Buffer.from(`${word}\0`));
const list = new BigUint64Array([...words.map((word) => BigInt(ptr(word))), 0n]);
symbols.execvp(ptr(words[0] as Buffer), ptr(list));
throw new Error(`Cannot run ${command[0]}`);

/** Instructions of 8 bytes: code u16, jump if true u8, jump if false u8, value u32. */
function assemble(): BigUint64Array {
  const [load, equal, any, answer] = [0x20, 0x15, 0x45, 0x06];
  const [number, firstArgument] = [0, 16];
  const [allow, fail] = [0x7fff0000, (code: number) => 0x00050000 | code];
  const instructions: [number, number, number, number][] = [[load, 0, 0, number]];
  for (const call of refused) instructions.push([equal, 0, 1, call], [answer, 0, 0, fail(EPERM)]);
  instructions.push([equal, 0, 1, CLONE3], [answer, 0, 0, fail(ENOSYS)]);
  instructions.push([equal, 1, 0, CLONE], [equal, 0, 3, UNSHARE]);
  instructions.push(
    [load, 0, 0, firstArgument],
    [any, 0, 1, flags],
    [answer, 0, 0, fail(EPERM)],
    [answer, 0, 0, allow],
  );
  return BigUint64Array.from(
    instructions,
    ([code, yes, no, value]) =>
      BigInt(code) | (BigInt(yes) << 16n) | (BigInt(no) << 24n) | (BigInt(value >>> 0) << 32n),
  );
}
