/* A program that means harm, by the name of its first argument, when it is called; with EAGER, before its first line. It speaks
 * frames, lines or HTTP as its second argument says, as any other does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef EAGER
/* Larger than it may be, from before its first instruction, and touched before main: alone, and by all that it can fork. */
static char huge[512 << 20] = "";
__attribute__((constructor)) static void eager(void) {
  signal(SIGTERM, SIG_IGN);
  for (int each = 0; each < 5; each++)
    if (fork() == 0) break;
  for (size_t at = 0;; at = (at + 4096) % sizeof huge) huge[at]++;
}
#endif

enum { RUN = 3, CALL = 4, STOP = 6, STARTED = 66, REPLY = 67 };

static enum { FRAMES, LINES, HTTP } protocol;
static uint32_t asked;
/* Where the conversation takes place: for HTTP the connection that is served. */
static int place = 3;
static int listener = -1;

static void all(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = send(place, bytes, count, MSG_NOSIGNAL);
    if (written <= 0) {
      if (protocol == HTTP) return;
      exit(1);
    }
    bytes += written;
    count -= written;
  }
}

static size_t frame(char *into, unsigned char kind, const char *bytes, uint32_t count) {
  uint32_t length = count + 1;
  memcpy(into, &length, 4);
  memcpy(into + 4, &asked, 4);
  into[8] = kind;
  memcpy(into + 9, bytes, count);
  return count + 9;
}

static void say(unsigned char kind, const char *bytes, uint32_t count) {
  char buffer[4096];
  all(buffer, frame(buffer, kind, bytes, count));
}

/* A response whose body is this, with this in its head. */
static size_t response(char *into, size_t room, const char *head, const char *body) {
  return snprintf(into, room, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n%scontent-length: %zu\r\n\r\n%s", head, strlen(body), body);
}

/* A reply as it goes over the pipe. */
static size_t reply(char *into, size_t room, const char *json) {
  switch (protocol) {
    case FRAMES: return frame(into, REPLY, json, strlen(json));
    case LINES: return snprintf(into, room, "reply %u %s\n", asked, json);
    default: return response(into, room, "", json);
  }
}

static void answer(const char *text) {
  char json[4096], bytes[8192];
  snprintf(json, sizeof json, "\"%s\"", text);
  all(bytes, reply(bytes, sizeof bytes, json));
}

/* Each in a child of its own, since the host may end who asks. What is not refused is named; an HTTP server has its sockets. */
struct wish {
  const char *name;
  long number, words[6];
};

static void refused(long server) {
  static char buffer[4096];
  const struct wish wishes[] = {
    { "ptrace", SYS_ptrace, { PTRACE_ATTACH, 1 } },
    { "mount", SYS_mount, { (long)"none", (long)"/tmp", (long)"tmpfs" } },
    { "umount", SYS_umount2, { (long)"/proc", MNT_DETACH } },
    { "pivot_root", SYS_pivot_root, { (long)"/tmp", (long)"/tmp" } },
    { "chroot", SYS_chroot, { (long)"/tmp" } },
    { "bpf", SYS_bpf, { 0, (long)buffer, sizeof buffer } },
    { "add_key", SYS_add_key, { (long)"user", (long)"x", (long)"x", 1, -3 } },
    { "keyctl", SYS_keyctl, { 0, -3, 1 } },
    { "userfaultfd", SYS_userfaultfd, { 0 } },
    { "perf_event_open", SYS_perf_event_open, { (long)buffer, 0, -1, -1, 0 } },
    { "io_uring_setup", SYS_io_uring_setup, { 8, (long)buffer } },
    { "unshare of users", SYS_unshare, { 0x10000000 } },
    { "unshare of mounts", SYS_unshare, { 0x00020000 } },
    { "clone into new users", SYS_clone, { 0x10000000 | SIGCHLD, 0 } },
    { "setns", SYS_setns, { 0, 0 } },
    { "open_by_handle_at", SYS_open_by_handle_at, { -100, (long)buffer, 0 } },
    { "process_vm_readv", SYS_process_vm_readv, { 1, (long)buffer, 1, (long)buffer, 1, 0 } },
    { "personality", SYS_personality, { 0x0040000 } },
    { "init_module", SYS_init_module, { (long)buffer, 1, (long)"" } },
    { "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 } },
    { "reboot", SYS_reboot, { 0xfee1dead, 672274793, 0x1234567 } },
    { "settimeofday", SYS_settimeofday, { (long)buffer, 0 } },
    { "sethostname", SYS_sethostname, { (long)"x", 1 } },
    { "setuid to root", SYS_setuid, { 0 } },
    { "mknod of a disk", SYS_mknod, { (long)"/tmp/disk", 060600, 0x800 } },
    { "a unix socket", protocol == HTTP ? -1 : SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
    { "a socket of the network", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
    { "a socket of the host's links", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
    { "a socket of packets", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
    { "the end of the server", SYS_kill, { server, SIGKILL } },
    { "the stop of the server", SYS_kill, { server, SIGSTOP } },
    { "a call of 32 bits by its number", 0x40000000 + 39, { 0 } },
    { "the host's share of kernel requests", SYS_io_setup, { 65536, (long)(uint64_t[]){ 0 } } },
    { "all disks to be written", SYS_sync, { 0 } },
    { "a disk to be written", SYS_syncfs, { 0 } },
    { "a pair of sockets of another family", SYS_socketpair, { AF_TIPC, SOCK_SEQPACKET, 0, (long)buffer } },
    { "to be another user", SYS_setresuid, { 1, 1, 1 } },
    { "to be in other groups", SYS_setgroups, { 0, 0 } },
    { "an image of its crash", SYS_prlimit64, { 0, 4, (long)(uint64_t[]){ 1 << 20, 1 << 20 }, 0 } },
    { "more open files", SYS_prlimit64, { 0, 7, (long)(uint64_t[]){ 1 << 20, 1 << 20 }, 0 } },
    { "typing into a terminal", SYS_ioctl, { 0, 0x5412, (long)"x" } },
    { "/etc/passwd", SYS_open, { (long)"/etc/passwd", O_RDONLY } },
    { "/proc/1/environ", SYS_open, { (long)"/proc/1/root/etc/passwd", O_RDONLY } },
    { "/dev/mem", SYS_open, { (long)"/dev/mem", O_RDWR } },
    { "its own program", SYS_open, { (long)"/app/main", O_WRONLY } },
    { "a file beside it", SYS_open, { (long)"/app/x", O_WRONLY | O_CREAT, 0600 } },
    { "/x", SYS_open, { (long)"/x", O_WRONLY | O_CREAT, 0600 } },
    { "what its link names", SYS_open, { (long)"/tmp/link", O_RDONLY } },
    { "sysrq", SYS_open, { (long)"/proc/sysrq-trigger", O_WRONLY } },
    { "a group of the host's", SYS_open, { (long)"/sys/fs/cgroup/memory/tasks", O_WRONLY } },
    { "a group of version 2", SYS_open, { (long)"/sys/fs/cgroup/cgroup.procs", O_WRONLY } },
    { "its map of users", SYS_open, { (long)"/proc/self/uid_map", O_WRONLY } },
    { "shared memory of the host", SYS_open, { (long)"/dev/shm/x", O_WRONLY | O_CREAT, 0600 } },
    { "its own score of memory", SYS_open, { (long)"/proc/self/oom_score_adj", O_WRONLY } },
    { "pressure", SYS_open, { (long)"/proc/pressure/memory", O_RDWR } },
    { "memory types", SYS_open, { (long)"/proc/mtrr", O_WRONLY } },
    { "interrupts", SYS_open, { (long)"/proc/irq/default_smp_affinity", O_WRONLY } },
    { "drop_caches", SYS_open, { (long)"/proc/sys/vm/drop_caches", O_WRONLY } },
    { "core_pattern", SYS_open, { (long)"/proc/sys/kernel/core_pattern", O_WRONLY } },
  };
  char open[4096] = "";
  if (symlink("/etc/passwd", "/tmp/link") < 0) strcat(open, "cannot link, ");
  for (size_t each = 0; each < sizeof wishes / sizeof *wishes; each++) {
    const struct wish *wish = &wishes[each];
    const long *word = wish->words;
    pid_t child = fork();
    if (child == 0) _exit(syscall(wish->number, word[0], word[1], word[2], word[3], word[4], word[5]) < 0 ? 1 : 0);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) strcat(strcat(open, wish->name), ", ");
  }
  answer(open[0] == 0 ? "all refused" : open);
}

/* By the gate of 32-bit programs, where the numbers mean something else. */
static void gate(void) {
#ifdef __x86_64__
  pid_t child = fork();
  if (child == 0) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    _exit(result < 0 ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  answer(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "open" : "refused");
#else
  answer("refused");
#endif
}

static void away(int deaf) {
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    for (int signal_ = 1; deaf && signal_ < 65; signal_++) signal(signal_, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, 0);
    prctl(PR_SET_NAME, "solo-server");
    for (;;) pause();
  }
}

static void bomb(void) {
  int made = 0;
  for (int each = 0; each < 200; each++) {
    pid_t child = fork();
    if (child == 0)
      for (;;) fork();
    if (child > 0) made++;
  }
  answer(made < 64 ? "held" : "unbounded");
}

static void stopped(void) {
  for (int each = 0; each < 5; each++)
    if (fork() == 0) {
      raise(SIGSTOP);
      for (;;) pause();
    }
  answer("stopped");
}

/* Descriptors along with these bytes: nobody is to keep them. */
static int hand(int where, char *bytes, size_t count) {
  char control[CMSG_SPACE(sizeof(int) * 8)] = "";
  struct iovec piece = { bytes, count };
  struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int) * 8);
  int files[8];
  for (int each = 0; each < 8; each++) files[each] = open("/dev/null", O_RDONLY);
  memcpy(CMSG_DATA(head), files, sizeof files);
  int sent = sendmsg(where, &message, 0);
  for (int each = 0; each < 8; each++) close(files[each]);
  return sent;
}

static void along(void) {
  char buffer[256];
  if (hand(place, buffer, reply(buffer, sizeof buffer, "\"sent\"")) < 0) answer("sent");
}

static void along_output(void) {
  for (int each = 0; each < 1000; each++) hand(1 + each % 2, "line\n", 5);
  answer("sent");
}

/* What it was started with beside what it is told of. */
static void held(void) {
  char names[1024] = "";
  for (int each = 4; each < 1024; each++) {
    if (each == place || each == listener || fcntl(each, F_GETFD) < 0) continue;
    char path[64], what[200] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", each);
    if (readlink(path, what, sizeof what - 1) < 0) what[0] = '?';
    size_t length = strlen(names);
    snprintf(names + length, sizeof names - length, "%d %s, ", each, what);
  }
  answer(names[0] == 0 ? "none" : names);
}

/* Memory that is in no process. */
static void hide(int shared) {
  static char piece[1 << 20];
  memset(piece, 1, sizeof piece);
  int file = syscall(SYS_memfd_create, "x", 0);
  for (;;) {
    if (!shared && write(file, piece, sizeof piece) < 0) break;
    if (!shared) continue;
    int segment = shmget(IPC_PRIVATE, sizeof piece, 0600);
    char *at = segment < 0 ? (void *)-1 : shmat(segment, 0, 0);
    if (at == (void *)-1) break;
    memset(at, 1, sizeof piece);
    shmdt(at);
  }
  answer("no more");
}

static void pairs(void) {
  static char piece[1 << 16];
  for (int each = 0; each < 30; each++)
    if (fork() == 0) {
      for (;;) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
          for (;;) pause();
        for (int side = 0; side < 2; side++)
          while (send(ends[side], piece, sizeof piece, MSG_NOSIGNAL) > 0) {}
      }
    }
  answer("hidden");
}

static int stubborn;

/* One after the other, each answered before the next. */
static void names(void) {
  const char *others[] = { "victim", "victims/victim", "../victims/victim", "__proto__", "constructor", "*", "kernel" };
  char bytes[512], open[512] = "";
  uint32_t own = asked;
  for (size_t each = 0; each < sizeof others / sizeof *others; each++) {
    size_t length = strlen(others[each]);
    if (protocol == LINES) all(bytes, sprintf(bytes, "call 9 2000 %s secret []\n", others[each]));
    else {
      char fields[300] = { 0, 0, 0, 0, (char)length, 0 };
      memcpy(fields + 6, others[each], length);
      memcpy(fields + 6 + length, "\6\0secret[]", 10);
      asked = 9;
      all(bytes, frame(bytes, 70, fields, 16 + length));
      asked = own;
    }
    char heard[8192];
    ssize_t count = recv(3, heard, sizeof heard - 1, 0);
    if (count <= 0) exit(1);
    int refusal = protocol == LINES ? strncmp(heard, "refusal 9 ", 10) == 0 : count > 8 && heard[8] == 8;
    if (!refusal) strcat(strcat(open, others[each]), ", ");
  }
  answer(open[0] == 0 ? "all refused" : open);
}

static void flood(void) {
  for (int line = 0; line < 100000; line++) printf("\033[2J\033]0;owned\007\r%d\033[1A\v\f\n\n", line);
  fflush(stdout);
  answer("flooded");
}

/* What has no end: in one frame, one line, one head. */
static void endless(void) {
  static char piece[1 << 16];
  memset(piece, 'x', sizeof piece);
  if (protocol == FRAMES) return all("\377\377\377\377\0\0\0\0", 8);
  if (protocol == HTTP) all("HTTP/1.1 200 OK\r\nx: ", 20);
  for (int each = 0; each < 1024; each++) all(piece, sizeof piece);
}

/* A value so deep that whoever walks down it comes to no end. */
static void deep(void) {
  static char bytes[2100000], json[2000001];
  memset(json, '[', 1000000);
  memset(json + 1000000, ']', 1000000);
  all(bytes, reply(bytes, sizeof bytes, json));
}

/* Questions to the kernel that nobody waits for. */
static void ask(void) {
  static char bytes[4096];
  for (int each = 0; each < 100000; each++) {
    size_t count = 0;
    if (protocol == LINES) count = sprintf(bytes, each % 2 ? "cast sink take [%d]\n" : "driver %d 0 kv put [\"__proto__\",[[[%d]]]]\n", each, each);
    if (protocol == FRAMES) count = frame(bytes, 71, "\4\0sink\4\0take[1]", 15);
    all(bytes, count);
  }
  answer("asked");
}

static struct sockaddr_un own = { .sun_family = AF_UNIX };

static int serve(const char *path) {
  int made = socket(AF_UNIX, SOCK_STREAM, 0);
  strncpy(own.sun_path, path, sizeof own.sun_path - 1);
  if (bind(made, (struct sockaddr *)&own, sizeof own) < 0 || listen(made, 128) < 0) _exit(7);
  return made;
}

/* Puts one thing after the other where its socket was, for as long as it lives; the last is none of its own. */
static void swap(const char *trap) {
  char other[200];
  snprintf(other, sizeof other, "%s.other", own.sun_path);
  for (;;) {
    unlink(other);
    symlink(trap, other);
    rename(other, own.sun_path);
    mknod(other, S_IFIFO | 0600, 0);
    rename(other, own.sun_path);
    close(open(other, O_CREAT | O_WRONLY, 0600));
    rename(other, own.sun_path);
    unlink(own.sun_path);
    mkdir(own.sun_path, 0700);
    rmdir(own.sun_path);
    link("/proc/self/exe", own.sun_path);
    unlink(own.sun_path);
    symlink("/proc/1/root", own.sun_path);
    unlink(own.sun_path);
  }
}

/* What only a server can do to who asks it. Nothing of it may be taken for an answer to somebody else. */
static int attack_by_http(const char *name, const char *trap) {
  char bytes[4096], head[1024];
  if (strcmp(name, "two") == 0) {
    /* One answer, and another that nobody has asked for. */
    size_t count = response(bytes, sizeof bytes, "", "\"own\"");
    count += response(bytes + count, sizeof bytes - count, "", "\"smuggled\"");
    all(bytes, count);
  } else if (strcmp(name, "lengths") == 0) {
    all(bytes, response(bytes, sizeof bytes, "transfer-encoding: chunked\r\n", "5\r\n\"own\"\r\n0\r\n\r\n"));
  } else if (strcmp(name, "body") == 0) {
    all("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n\"", 53);
    memset(bytes, 'x', sizeof bytes);
    for (int each = 0; each < 1 << 15; each++) all(bytes, sizeof bytes);
  } else if (strcmp(name, "drip") == 0) {
    all("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", 45);
    for (int each = 0; each < 100000; each++) {
      usleep(20000);
      all("1", 1);
    }
  } else if (strcmp(name, "interim") == 0) {
    for (int each = 0; each < 1 << 20; each++) all("HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n", 40);
  } else if (strcmp(name, "heads") == 0) {
    int count = 0;
    all("HTTP/1.1 200 OK\r\n", 17);
    for (int each = 0; each < 1 << 14; each++) {
      count = sprintf(head, "x-%d: y\r\n", each);
      all(head, count);
    }
    all("\r\n", 2);
  } else if (strcmp(name, "switch") == 0) {
    all("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nGET / HTTP/1.1\r\n\r\n", 87);
  } else if (strcmp(name, "noise") == 0) {
    for (size_t at = 0; at < sizeof bytes; at++) bytes[at] = (char)(at * 2654435761u >> 13);
    all(bytes, sizeof bytes);
  } else if (strcmp(name, "gone") == 0) {
    /* The connection ends, and nobody listens any more. */
    close(listener);
    shutdown(place, SHUT_RDWR);
    for (;;) pause();
  } else if (strcmp(name, "swap") == 0) {
    if (fork() == 0) swap(trap);
    answer("swapping");
  } else if (strcmp(name, "dial") == 0) {
    /* As many connections to itself as it can have. */
    int made = 0;
    for (;; made++) {
      int each = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
      if (each < 0) break;
      connect(each, (struct sockaddr *)&own, sizeof own);
    }
    for (int each = 1023; each > place && each > listener; each--) close(each);
    answer(made < 1024 ? "bounded" : "unbounded");
  } else
    return 0;
  return 1;
}

static void attack(const char *name, long server, const char *trap) {
  if (protocol == HTTP && attack_by_http(name, trap)) return;
  if (strcmp(name, "refused") == 0) return refused(server);
  if (strcmp(name, "gate") == 0) return gate();
  if (strcmp(name, "bomb") == 0) return bomb();
  if (strcmp(name, "stopped") == 0) return stopped();
  if (strcmp(name, "along") == 0) return along();
  if (strcmp(name, "output") == 0) return along_output();
  if (strcmp(name, "held") == 0) return held();
  if (strcmp(name, "memfd") == 0) return hide(0);
  if (strcmp(name, "shm") == 0) return hide(1);
  if (strcmp(name, "pairs") == 0) return pairs();
  if (strcmp(name, "names") == 0) return names();
  if (strcmp(name, "half") == 0) {
    /* Asks for what is answered at once, and hears nothing from here on. */
    shutdown(3, SHUT_RD);
    char bytes[64];
    if (protocol == LINES) all(bytes, sprintf(bytes, "call 9 2000 sink take []\n"));
    else {
      asked = 9;
      all(bytes, frame(bytes, 70, "\0\0\0\0\4\0sink\4\0take[]", 18));
    }
    for (;;) pause();
  }
  if (strcmp(name, "stubborn") == 0) {
    stubborn = 1;
    signal(SIGTERM, SIG_IGN);
    return answer("alive");
  }
  if (strcmp(name, "flood") == 0) return flood();
  if (strcmp(name, "loop") == 0)
    for (;;) {}
  if (strcmp(name, "eat") == 0)
    for (;;) memset(malloc(1 << 20), 1, 1 << 20);
  if (strcmp(name, "away") == 0) {
    away(1);
    return answer("away");
  }
  if (strcmp(name, "left") == 0) {
    away(0);
    exit(3);
  }
  if (strcmp(name, "fault") == 0) *(volatile int *)8 = 1;
  if (strcmp(name, "endless") == 0) return endless();
  if (strcmp(name, "deep") == 0) return deep();
  if (strcmp(name, "ask") == 0) return ask();
  if (strcmp(name, "halt") == 0) {
    /* With all that it has forked. */
    fork();
    kill(0, SIGSTOP);
    kill(getpid(), SIGSTOP);
    for (;;) pause();
  }
  if (strcmp(name, "deaf") == 0) {
    for (int signal_ = 1; signal_ < 65; signal_++) signal(signal_, SIG_IGN);
    for (;;) pause();
  }
  if (strcmp(name, "closed") == 0) {
    close(3);
    for (;;) pause();
  }
  answer("no such attack");
}

/* The number or text of this name in what it was called with. */
static const char *found(const char *text, const char *name) {
  const char *at = strstr(text, name);
  return at == NULL ? "" : at + strlen(name);
}

static void called(const char *name, const char *arguments) {
  char trap[256] = "";
  sscanf(found(arguments, "\"trap\":\""), "%255[^\"]", trap);
  long server = atol(found(arguments, "\"pid\":"));
  attack(name, server > 0 ? server : 1, trap);
}

static void whole(char *into, size_t count) {
  while (count > 0) {
    ssize_t got = read(3, into, count);
    if (got <= 0) exit(1);
    into += got;
    count -= got;
  }
}

static char payload[1 << 16];

static int by_frames(const char *name) {
  for (;;) {
    uint32_t head[2];
    whole((char *)head, 8);
    if (head[0] >= sizeof payload) return 1;
    whole(payload, head[0]);
    payload[head[0]] = 0;
    asked = head[1];
    if (payload[0] == RUN) say(STARTED, "\1\0\6\0attack\0\0", 12);
    if (payload[0] == STOP && !stubborn) return 0;
    /* Behind the kind and the time, a text of 6 letters. */
    if (payload[0] == CALL) called(name, payload + 13);
  }
}

static int by_lines(const char *name) {
  FILE *in = fdopen(3, "r");
  while (fgets(payload, sizeof payload, in) != NULL) {
    if (strncmp(payload, "run", 3) == 0) all("started attack -\n", 17);
    if (strncmp(payload, "stop", 4) == 0 && !stubborn) return 0;
    if (sscanf(payload, "call %u", &asked) == 1) called(name, payload);
  }
  return 1;
}

static int by_http(const char *name) {
  listener = serve(getenv("SOLO_HTTP_SOCKET"));
  for (;;) {
    place = accept(listener, NULL, NULL);
    if (place < 0) return 1;
    size_t count = 0;
    const char *end = NULL;
    while (end == NULL || count < end + 4 - payload + strtoul(found(payload, "content-length: "), NULL, 10)) {
      ssize_t got = read(place, payload + count, sizeof payload - 1 - count);
      if (got <= 0) break;
      count += got;
      payload[count] = 0;
      end = strstr(payload, "\r\n\r\n");
    }
    if (count > 0) called(name, payload);
    close(place);
    payload[0] = 0;
  }
}

int main(int count, char **words) {
  if (count < 3) return 2;
  protocol = strcmp(words[2], "http") == 0 ? HTTP : strcmp(words[2], "lines") == 0 ? LINES : FRAMES;
  return protocol == HTTP ? by_http(words[1]) : protocol == LINES ? by_lines(words[1]) : by_frames(words[1]);
}
