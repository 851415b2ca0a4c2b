/* A program that means harm, by the name of its first argument, when it is called. It speaks frames as any other does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUN = 3, CALL = 4, STOP = 6, STARTED = 66, REPLY = 67 };

static uint32_t asked;

static void all(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(3, bytes, count);
    if (written <= 0) exit(1);
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

static void answer(const char *text) {
  char json[2048];
  int count = snprintf(json, sizeof json, "\"%s\"", text);
  say(REPLY, json, count);
}

/* Each in a child of its own, since the host may end who asks. What is not refused is named. */
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
    { "a unix socket", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
    { "a socket of the network", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
    { "a socket of the host's links", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
    { "a socket of packets", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
    { "the end of the server", SYS_kill, { server, SIGKILL } },
    { "the stop of the server", SYS_kill, { server, SIGSTOP } },
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
    { "its own score of memory", SYS_open, { (long)"/proc/self/oom_score_adj", O_WRONLY } },
    { "pressure", SYS_open, { (long)"/proc/pressure/memory", O_RDWR } },
    { "memory types", SYS_open, { (long)"/proc/mtrr", O_WRONLY } },
    { "interrupts", SYS_open, { (long)"/proc/irq/default_smp_affinity", O_WRONLY } },
    { "drop_caches", SYS_open, { (long)"/proc/sys/vm/drop_caches", O_WRONLY } },
    { "core_pattern", SYS_open, { (long)"/proc/sys/kernel/core_pattern", O_WRONLY } },
  };
  char open[2048] = "";
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

/* A descriptor along with the frame: nobody is to keep it. */
static void along(void) {
  char buffer[64], control[CMSG_SPACE(sizeof(int) * 8)] = "";
  struct iovec piece = { buffer, frame(buffer, REPLY, "\"sent\"", 6) };
  struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int) * 8);
  int files[8];
  for (int each = 0; each < 8; each++) files[each] = open("/dev/null", O_RDONLY);
  memcpy(CMSG_DATA(head), files, sizeof files);
  if (sendmsg(3, &message, 0) < 0) answer("sent");
}

static void flood(void) {
  for (int line = 0; line < 100000; line++) printf("\033[2J\033]0;owned\007\r%d\033[1A\v\f\n\n", line);
  fflush(stdout);
  answer("flooded");
}

static void attack(const char *name, long server) {
  if (strcmp(name, "refused") == 0) return refused(server);
  if (strcmp(name, "gate") == 0) return gate();
  if (strcmp(name, "bomb") == 0) return bomb();
  if (strcmp(name, "stopped") == 0) return stopped();
  if (strcmp(name, "along") == 0) return along();
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
  if (strcmp(name, "large") == 0) return all("\377\377\377\377\0\0\0\0", 8);
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

static void whole(char *into, size_t count) {
  while (count > 0) {
    ssize_t got = read(3, into, count);
    if (got <= 0) exit(1);
    into += got;
    count -= got;
  }
}

int main(int count, char **words) {
  static char payload[1 << 16];
  for (;;) {
    uint32_t head[2];
    whole((char *)head, 8);
    if (head[0] >= sizeof payload) return 1;
    whole(payload, head[0]);
    payload[head[0]] = 0;
    asked = head[1];
    if (payload[0] == RUN) say(STARTED, "\1\0\6\0attack\0\0", 12);
    if (payload[0] == STOP) return 0;
    if (payload[0] != CALL) continue;
    const char *pid = NULL;
    for (uint32_t each = 1; each + 6 < head[0] && pid == NULL; each++)
      if (memcmp(payload + each, "\"pid\":", 6) == 0) pid = payload + each + 6;
    attack(count > 1 ? words[1] : "", pid == NULL ? 1 : atol(pid));
  }
}
