// Run by Bun: `without-call NUMBER PROGRAM ARGUMENT…` becomes a program for which a system call does not exist, as on a host
// whose kernel was built without it. What the program starts inherits that.
import { dlopen, ptr } from "bun:ffi";

const [number, ...command] = process.argv.slice(2);
const numbers = { x64: { prctl: 157, seccomp: 317, execve: 59 }, arm64: { prctl: 167, seccomp: 277, execve: 221 } };
const calls = numbers[process.arch];
const { syscall } = dlopen("libc.so.6", {
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i32" },
}).symbols;

/** Everything that an address was taken of. */
const held = [];
const address = (memory) => {
  held.push(memory);
  return ptr(memory);
};
const text = (value) => address(new TextEncoder().encode(`${value}\0`));
const list = (values) => address(new BigUint64Array([...values.map((value) => BigInt(text(value))), 0n]));

// Load the number; when it is this one, fail with ENOSYS; else allow.
const program = new Uint32Array(
  [
    [0x20, 0],
    [0x15 | (1 << 24), Number(number)],
    [0x06, 0x0005_0026],
    [0x06, 0x7fff_0000],
  ].flat(),
);
// Jumps lie in the upper half of the first word: when equal go on, otherwise skip one.
syscall(calls.prctl, 38, 1, 0, 0, 0);
const header = new BigUint64Array([4n, BigInt(address(program))]);
if (syscall(calls.seccomp, 1, 0, address(header), 0, 0) !== 0) throw new Error("Cannot take the call away");
syscall(
  calls.execve,
  text(command[0]),
  list(command),
  list(Object.entries(process.env).map((each) => each.join("="))),
  0,
  0,
);
throw new Error(`Cannot become ${command[0]}`);
