// What an ADD costs without anybody: sends the very messages that the agent's kernel room sent for each pod, and writes a record to a file.
// No daemon, no executable, no decision.
//
//   floor MESSAGES NETNS_PREFIX JOURNAL
//
// MESSAGES, made by tools/bench/record.ts, little-endian: u32 pods, then for each pod: u32 number of the descriptor by which its messages
// name its namespace, u32 bytes of its record, u32 messages, then for each message: u32 where (0 host, 1 pod, 2 netfilter), u32 bytes,
// bytes. Makes one pod for each byte of its standard input, so that it takes turns with the agent, and prints how many milliseconds it
// took in a line. Ends with 1 when the kernel refuses anything.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static unsigned char answer[65536], record[65536];

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void die(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int netlink_socket(int protocol) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) die("socket");
  int one = 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  return fd;
}

// Sends one batch and reads all that is answered. Returns whether an error was among it.
static int exchange(int fd, const unsigned char *bytes, uint32_t length) {
  int failed = 0;
  if (send(fd, bytes, length, 0) < 0) die("send");
  for (;;) {
    ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    if (n < 0) return failed;
    for (struct nlmsghdr *m = (struct nlmsghdr *)answer; NLMSG_OK(m, (size_t)n); m = NLMSG_NEXT(m, n))
      if (m->nlmsg_type == NLMSG_ERROR) {
        int error = -((struct nlmsgerr *)NLMSG_DATA(m))->error;
        if (error == 0) continue;
        if (!failed) fprintf(stderr, "floor: the kernel refused message %u: %s\n", m->nlmsg_seq, strerror(error));
        failed = 1;
      }
  }
}

static uint32_t take32(const unsigned char **at) {
  uint32_t value;
  memcpy(&value, *at, 4);
  *at += 4;
  return value;
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: floor MESSAGES NETNS_PREFIX JOURNAL\n"), 2;
  int file = open(argv[1], O_RDONLY), journal = open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0600);
  struct stat size;
  if (file < 0 || journal < 0 || fstat(file, &size) != 0) die("open");
  unsigned char *all = malloc((size_t)size.st_size);
  if (all == NULL || read(file, all, (size_t)size.st_size) != size.st_size) die(argv[1]);
  memset(record, 'r', sizeof record);
  for (int i = 0; i < 64; i++) // its blocks are there, as the journal's are
    if (pwrite(journal, record, sizeof record, (off_t)i * (off_t)sizeof record) < 0) die(argv[3]);
  const unsigned char *at = all;
  uint32_t pods = take32(&at);
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  int host = netlink_socket(NETLINK_ROUTE), netfilter = netlink_socket(NETLINK_NETFILTER);
  off_t end = 0;
  for (uint32_t i = 0; i < pods; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s%u", argv[2], i);
    uint32_t number = take32(&at), record_bytes = take32(&at), messages = take32(&at);
    char turn;
    if (read(STDIN_FILENO, &turn, 1) != 1) return 0;
    double began = now_ms();
    if (pwrite(journal, record, record_bytes, end) < 0) die(argv[3]);
    end += record_bytes;
    int sandbox = open(path, O_RDONLY | O_CLOEXEC);
    if (sandbox < 0 || dup2(sandbox, (int)number) < 0) die(path);
    if (setns(sandbox, CLONE_NEWNET) != 0) die("setns");
    int pod = netlink_socket(NETLINK_ROUTE);
    if (setns(own, CLONE_NEWNET) != 0) die("setns");
    int bad = 0;
    for (uint32_t m = 0; m < messages; m++) {
      uint32_t where = take32(&at), length = take32(&at);
      bad |= exchange(where == 0 ? host : where == 1 ? pod : netfilter, at, length);
      at += length;
    }
    close(pod);
    if ((int)number != sandbox) close((int)number);
    close(sandbox);
    double took = now_ms() - began;
    if (bad) return 1;
    printf("%.4f\n", took);
    fflush(stdout);
  }
  return 0;
}
