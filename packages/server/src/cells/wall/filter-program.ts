/** Classic BPF programs over system calls: what a filter is assembled from. */

/** Processor families that filters are known for, in the spelling of `process.arch`. */
export type FilterArchitecture = "x64" | "arm64";

// linux/seccomp.h. Of two filters the stricter answer counts, in the order written here.
export const KILL_PROCESS = 0x8000_0000;
export const ALLOW = 0x7fff_0000;

export const EPERM = 1;
export const EACCES = 13;
export const ENOTTY = 25;
export const ENOSYS = 38;

/** The call does nothing and gives this error. */
export function failWith(errno: number): number {
  return 0x0005_0000 | errno;
}

export interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly operand: number;
}

// linux/bpf_common.h: BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ, BPF_JMP|BPF_JGE, BPF_JMP|BPF_JSET, BPF_RET.
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const JUMP_IF_BITS = 0x45;
const RETURN = 0x06;

// struct seccomp_data of linux/seccomp.h; both architectures are little endian, so the low word of an argument is first.
const OFFSET_NUMBER = 0;
const OFFSET_ARCHITECTURE = 4;
const OFFSET_ARGUMENTS = 16;

/** AUDIT_ARCH_* of linux/audit.h. */
const AUDIT: Readonly<Record<FilterArchitecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };

/** What every filter begins with: calls in another processor's way end the process. The number is loaded afterwards. */
export function onlyNativeCalls(architecture: FilterArchitecture): readonly Instruction[] {
  return [
    { code: LOAD, jumpTrue: 0, jumpFalse: 0, operand: OFFSET_ARCHITECTURE },
    { code: JUMP_IF_EQUAL, jumpTrue: 1, jumpFalse: 0, operand: AUDIT[architecture] },
    give(KILL_PROCESS),
    { code: LOAD, jumpTrue: 0, jumpFalse: 0, operand: OFFSET_NUMBER },
    // On x86-64 the x32 calls share the audit value and start at this bit; nothing of ours speaks them.
    ...(architecture === "x64"
      ? [{ code: JUMP_IF_GREATER_OR_EQUAL, jumpTrue: 0, jumpFalse: 1, operand: 0x4000_0000 }, give(KILL_PROCESS)]
      : []),
  ];
}

export function give(action: number): Instruction {
  return { code: RETURN, jumpTrue: 0, jumpFalse: 0, operand: action };
}

/** For the call of this number, these instructions, which must give an action. The number must be what is loaded. */
export function forCall(number: number, instructions: readonly Instruction[]): readonly Instruction[] {
  return [{ code: JUMP_IF_EQUAL, jumpTrue: 0, jumpFalse: instructions.length, operand: number }, ...instructions];
}

/** Loads half of an argument in place of the call's number, which no rule after it sees. */
export function loadArgument(index: number, half: "low" | "high" = "low"): Instruction {
  const operand = OFFSET_ARGUMENTS + 8 * index + (half === "low" ? 0 : 4);
  return { code: LOAD, jumpTrue: 0, jumpFalse: 0, operand };
}

/** Gives the action when what is loaded is this; else goes on. */
export function whenEqual(value: number, action: number): readonly Instruction[] {
  return [{ code: JUMP_IF_EQUAL, jumpTrue: 0, jumpFalse: 1, operand: value }, give(action)];
}

/** Gives the action when what is loaded has one of these bits; else goes on. */
export function whenBits(bits: number, action: number): readonly Instruction[] {
  return [{ code: JUMP_IF_BITS, jumpTrue: 0, jumpFalse: 1, operand: bits }, give(action)];
}

/** The program as the host takes it: struct sock_filter, eight bytes each. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jumpTrue, jumpFalse, operand }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jumpTrue);
    view.setUint8(index * 8 + 3, jumpFalse);
    view.setUint32(index * 8 + 4, operand, true);
  });
  return bytes;
}
