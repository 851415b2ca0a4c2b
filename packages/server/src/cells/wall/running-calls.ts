/**
 * What a running guest may ask of the host, found by tracing one that uses timers, workers, WebAssembly, the compilers, the
 * collector, cryptography, compression and files: see the test beside this. This second filter is in force before any
 * code of a service arrives and for every thread; what stands not here fails with EPERM, and what the first filter ends the
 * process for still does.
 */

import {
  ALLOW,
  assemble,
  ENOSYS,
  ENOTTY,
  EPERM,
  type FilterArchitecture,
  failWith,
  forCall,
  give,
  loadArgument,
  onlyNativeCalls,
  whenBits,
  whenEqual,
} from "./filter-program.ts";

/** Number of a call on x86-64 and on arm64; the latter has none of the old calls with a newer form. */
type Numbers = readonly [x64: number, arm64: number | undefined];

/** Calls that are harmless with any arguments. Those asked for most come first. */
const ALWAYS: Readonly<Record<string, Numbers>> = {
  futex: [202, 98], // locks, and waiting for another thread
  madvise: [28, 233], // the collector gives memory back
  epoll_pwait2: [441, 441], // the event loop waits
  recvfrom: [45, 207], // frames come,
  sendto: [44, 206], // and go; connected sockets only, since none can be made
  read: [0, 63], // files, output of others, wake-ups between threads
  write: [1, 64], // files, standard output and error, wake-ups between threads
  close: [3, 57], // whatever was opened
  epoll_ctl: [233, 21], // what the event loop watches
  epoll_create1: [291, 20], // a worker has an event loop of its own,
  eventfd2: [290, 19], // and is woken by this
  epoll_pwait: [281, 22], // the event loop on hosts without epoll_pwait2

  mmap: [9, 222], // memory for objects, stacks and compiled code
  munmap: [11, 215],
  mprotect: [10, 226], // compiled code becomes executable
  mremap: [25, 216], // large blocks grow in place
  brk: [12, 214], // small blocks of libc

  rt_sigaction: [13, 134], // the runtime turns faults of WebAssembly into errors,
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  rt_sigsuspend: [130, 133], // and stops other threads by signals while it collects garbage
  sigaltstack: [131, 132], // stacks for these in new threads
  set_robust_list: [273, 99], // new threads, by libc
  rseq: [334, 293], // the same
  exit: [60, 93], // a thread ends
  exit_group: [231, 94], // the guest ends
  restart_syscall: [219, 128], // after being frozen and thawed
  sched_yield: [24, 124], // spinning on a lock
  sched_getaffinity: [204, 123], // how many threads make sense
  getpid: [39, 172],
  gettid: [186, 178],
  getppid: [110, 173], // process.ppid
  getuid: [102, 174], // process.getuid and its kin
  geteuid: [107, 175],
  getgid: [104, 176],
  getegid: [108, 177],

  getrandom: [318, 278], // randomness
  clock_gettime: [228, 113], // where the clock cannot be read without a call
  clock_nanosleep: [230, 115], // Bun.sleepSync
  getrusage: [98, 165], // process.cpuUsage
  sysinfo: [99, 179], // memory of the machine, by which the collector sets its pace
  uname: [63, 160], // os.release

  openat: [257, 56], // files; Landlock and the mounts say which
  fstat: [5, 80],
  newfstatat: [262, 79],
  statx: [332, 291],
  lseek: [8, 62],
  pread64: [17, 67], // databases in files
  pwrite64: [18, 68],
  readv: [19, 65],
  writev: [20, 66],
  preadv: [295, 69],
  pwritev: [296, 70],
  fcntl: [72, 25], // flags of descriptors, locks on files
  fsync: [74, 82],
  fdatasync: [75, 83],
  ftruncate: [77, 46],
  fchmod: [91, 52],
  fchown: [93, 55], // a database in a file, to the user that it is of already
  fadvise64: [221, 223],
  getdents64: [217, 61], // listing folders
  copy_file_range: [326, 285], // copying files
  sendfile: [40, 71], // the same, on file systems that cannot do that
  getcwd: [79, 17],
  umask: [95, 166],
  statfs: [137, 43],
  readlinkat: [267, 78],
  faccessat: [269, 48],
  mkdirat: [258, 34],
  unlinkat: [263, 35],
  renameat: [264, 38],
  linkat: [265, 37],
  symlinkat: [266, 36],
  fchmodat: [268, 53],
  utimensat: [280, 88],
  truncate: [76, 45],

  // Old forms of the above that the runtime or libc use where they are.
  stat: [4, undefined],
  lstat: [6, undefined],
  access: [21, undefined],
  readlink: [89, undefined],
  mkdir: [83, undefined],
  rmdir: [84, undefined],
  unlink: [87, undefined],
  rename: [82, undefined],
  link: [86, undefined],
  symlink: [88, undefined],
  chmod: [90, undefined],
};

const CLONE: Numbers = [56, 220];
const CLONE3: Numbers = [435, 435];
const PRCTL: Numbers = [157, 167];
const IOCTL: Numbers = [16, 29];
const KILL: Numbers = [62, 129];
const TGKILL: Numbers = [234, 131];
const PRLIMIT64: Numbers = [302, 261];

const CLONE_THREAD = 0x0001_0000;
const PR_SET_NAME = 15;
/** Names areas of memory. */
const PR_SET_VMA = 0x5356_4d41;
const FIONREAD = 0x541b;
const FIONBIO = 0x5421;

/** A program in which the process that takes it must fill in its own id. */
export interface RunningFilter {
  readonly program: Uint8Array;
  /** Offsets in bytes of the 32 bits where the id belongs. */
  readonly processIdAt: readonly number[];
}

/** Stands for the id of the process; no other operand is this number. */
const OWN_PROCESS = 0xffff_fffe;

/** The second filter. Assembled outside of the guest, where that leaves no garbage in every cell. */
export function runningFilter(architecture: FilterArchitecture): RunningFilter {
  const numberOf = ([x64, arm64]: Numbers) => (architecture === "x64" ? x64 : arm64);
  const rule = (numbers: Numbers, instructions: Parameters<typeof forCall>[1]) => {
    const number = numberOf(numbers);
    return number === undefined ? [] : forCall(number, instructions);
  };
  const toItself = [loadArgument(0), ...whenEqual(OWN_PROCESS, ALLOW), give(failWith(EPERM))];
  const program = assemble([
    ...onlyNativeCalls(architecture),
    ...Object.values(ALWAYS).flatMap((numbers) => rule(numbers, [give(ALLOW)])),
    // Threads and no processes: nothing is ever left of a guest that has ended.
    ...rule(CLONE, [loadArgument(0), ...whenBits(CLONE_THREAD, ALLOW), give(failWith(EPERM))]),
    // Its flags cannot be seen; libc takes clone then.
    ...rule(CLONE3, [give(failWith(ENOSYS))]),
    // Not, above all, the wish to end with its parent: that is how it goes when the kernel of SOLO is killed.
    ...rule(PRCTL, [
      loadArgument(0),
      ...whenEqual(PR_SET_NAME, ALLOW),
      ...whenEqual(PR_SET_VMA, ALLOW),
      give(failWith(EPERM)),
    ]),
    ...rule(IOCTL, [
      loadArgument(1),
      ...whenEqual(FIONREAD, ALLOW),
      ...whenEqual(FIONBIO, ALLOW),
      give(failWith(ENOTTY)),
    ]),
    // Signals between its own threads.
    ...rule(TGKILL, toItself),
    ...rule(KILL, toItself),
    // Reading its limits, of which libc asks for that of the stack. A null pointer for the new limit has both halves zero.
    ...rule(PRLIMIT64, [
      loadArgument(2, "low"),
      ...whenBits(0xffff_ffff, failWith(EPERM)),
      loadArgument(2, "high"),
      ...whenBits(0xffff_ffff, failWith(EPERM)),
      give(ALLOW),
    ]),
    give(failWith(EPERM)),
  ]);
  const view = new DataView(program.buffer);
  const processIdAt = Array.from({ length: program.length / 4 }, (_, index) => index * 4).filter(
    (offset) => view.getUint32(offset, true) === OWN_PROCESS,
  );
  return { program, processIdAt };
}
