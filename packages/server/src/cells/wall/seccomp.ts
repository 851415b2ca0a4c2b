/**
 * The system-call filter of a cell: a classic BPF program, assembled here and handed to bubblewrap by descriptor.
 *
 * This is the first stage, in force from before the runtime starts, so it is a list of what is refused: what reaches
 * other processes, the kernel's own machinery, namespaces, or the network. Refusals that a runtime may probe for are
 * answered with an error; what no runtime asks for ends the process.
 */

import {
  ALLOW,
  assemble,
  EACCES,
  ENOSYS,
  EPERM,
  type FilterArchitecture,
  failWith,
  forCall,
  give,
  KILL_PROCESS,
  loadArgument,
  onlyNativeCalls,
  whenBits,
  whenEqual,
} from "./filter-program.ts";
import { type RunningFilter, runningFilter } from "./running-calls.ts";

/** The two filters of a cell. */
export interface CallFilters {
  /** In force before the runtime starts, where something can do that. */
  readonly first: Uint8Array;
  /** In place of it for a program that serves on a unix socket; it is the only one that programs get, since they execute. */
  readonly serving: Uint8Array;
  /** In force before code of a service arrives. */
  readonly running: RunningFilter;
}

/** The filters for this architecture, or `undefined` where its system calls are not known. */
export function callFilters(architecture: string): CallFilters | undefined {
  if (architecture !== "x64" && architecture !== "arm64") return undefined;
  return {
    first: firstFilter(architecture),
    serving: firstFilter(architecture, "unix"),
    running: runningFilter(architecture),
  };
}

/**
 * @param sockets `none` for guests of ours; `unix` for programs that serve on a socket in their own file system and network
 *   namespaces, in which there is nobody else to reach.
 */
export function firstFilter(architecture: FilterArchitecture, sockets: "none" | "unix" = "none"): Uint8Array {
  const calls = TABLES[architecture];
  return assemble([
    ...onlyNativeCalls(architecture),
    ...ENDS_THE_PROCESS.flatMap((name) => forCall(calls[name], [give(KILL_PROCESS)])),
    ...NOT_PERMITTED.flatMap((name) => forCall(calls[name], [give(failWith(EPERM))])),
    ...forCall(calls.socket, [
      ...(sockets === "unix" ? [loadArgument(0), ...whenEqual(AF_UNIX, ALLOW)] : []),
      give(failWith(EACCES)),
    ]),
    // A pair that is connected to itself leads nowhere; of other families it has the host load drivers.
    ...forCall(calls.socketpair, [loadArgument(0), ...whenEqual(AF_UNIX, ALLOW), give(failWith(EACCES))]),
    // clone3 hides its flags behind a pointer, which BPF cannot follow. ENOSYS makes libc use clone, whose flags it can read.
    ...forCall(calls.clone3, [give(failWith(ENOSYS))]),
    ...forCall(calls.clone, [loadArgument(0), ...whenBits(NEW_NAMESPACE_FLAGS, failWith(EPERM)), give(ALLOW)]),
    give(ALLOW),
  ]);
}

const ENDS_THE_PROCESS = [
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "kcmp",
  "pidfd_getfd",
  "mount",
  "umount2",
  "pivot_root",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "move_mount",
  "open_tree",
  "mount_setattr",
  "open_by_handle_at",
  "setns",
  "keyctl",
  "add_key",
  "request_key",
  "bpf",
  "perf_event_open",
  "userfaultfd",
  "kexec_load",
  "kexec_file_load",
  "init_module",
  "finit_module",
  "delete_module",
  "reboot",
  "swapon",
  "swapoff",
  "fanotify_init",
] as const;

const NOT_PERMITTED = [
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "unshare",
  "chroot",
  "acct",
  "settimeofday",
  "clock_settime",
  "clock_adjtime",
  "adjtimex",
  "quotactl",
  "syslog",
  "vhangup",
  "sethostname",
  "setdomainname",
  "lookup_dcookie",
  "personality",
  "move_pages",
  "migrate_pages",
  "mbind",
  "set_mempolicy",
  "name_to_handle_at",
  // Each takes from all of the host: what it may have of these in all is one number, or everybody's disks are made to write.
  "io_setup",
  "sync",
  "syncfs",
] as const;

type CallName = (typeof ENDS_THE_PROCESS)[number] | (typeof NOT_PERMITTED)[number] | CheckedCall;
type CheckedCall = "socket" | "socketpair" | "clone" | "clone3";

/** Numbers from Linux since 5.x are the same everywhere. */
const SHARED_CALLS = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  clone3: 435,
  pidfd_getfd: 438,
  mount_setattr: 442,
} as const;

/** Numbers from arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux. */
const TABLES: Readonly<Record<FilterArchitecture, Readonly<Record<CallName, number>>>> = {
  x64: {
    ...SHARED_CALLS,
    socket: 41,
    socketpair: 53,
    clone: 56,
    ptrace: 101,
    syslog: 103,
    personality: 135,
    vhangup: 153,
    pivot_root: 155,
    adjtimex: 159,
    chroot: 161,
    sync: 162,
    acct: 163,
    settimeofday: 164,
    mount: 165,
    umount2: 166,
    swapon: 167,
    swapoff: 168,
    reboot: 169,
    sethostname: 170,
    setdomainname: 171,
    init_module: 175,
    delete_module: 176,
    quotactl: 179,
    io_setup: 206,
    lookup_dcookie: 212,
    clock_settime: 227,
    mbind: 237,
    set_mempolicy: 238,
    kexec_load: 246,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    migrate_pages: 256,
    unshare: 272,
    move_pages: 279,
    perf_event_open: 298,
    fanotify_init: 300,
    name_to_handle_at: 303,
    open_by_handle_at: 304,
    clock_adjtime: 305,
    syncfs: 306,
    setns: 308,
    process_vm_readv: 310,
    process_vm_writev: 311,
    kcmp: 312,
    finit_module: 313,
    kexec_file_load: 320,
    bpf: 321,
    userfaultfd: 323,
  },
  arm64: {
    ...SHARED_CALLS,
    io_setup: 0,
    lookup_dcookie: 18,
    umount2: 39,
    mount: 40,
    pivot_root: 41,
    chroot: 51,
    vhangup: 58,
    quotactl: 60,
    sync: 81,
    acct: 89,
    personality: 92,
    unshare: 97,
    kexec_load: 104,
    init_module: 105,
    delete_module: 106,
    clock_settime: 112,
    syslog: 116,
    ptrace: 117,
    reboot: 142,
    sethostname: 161,
    setdomainname: 162,
    settimeofday: 170,
    adjtimex: 171,
    socket: 198,
    socketpair: 199,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    clone: 220,
    swapon: 224,
    swapoff: 225,
    mbind: 235,
    set_mempolicy: 237,
    migrate_pages: 238,
    move_pages: 239,
    perf_event_open: 241,
    fanotify_init: 262,
    name_to_handle_at: 264,
    open_by_handle_at: 265,
    clock_adjtime: 266,
    syncfs: 267,
    setns: 268,
    process_vm_readv: 270,
    process_vm_writev: 271,
    kcmp: 272,
    finit_module: 273,
    bpf: 280,
    userfaultfd: 282,
    kexec_file_load: 294,
  },
};

const AF_UNIX = 1;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NEW_NAMESPACE_FLAGS = 0x7e02_0000;
