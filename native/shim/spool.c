#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

// Makes a directory and those above it, readable for root alone.
static int make_directory(const char *path) {
  char part[4096];
  if (strlen(path) >= sizeof part) return errno = ENAMETOOLONG, -1;
  strcpy(part, path);
  for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    if (mkdir(part, 0755) != 0 && errno != EEXIST) return -1;
    *slash = '/';
  }
  return mkdir(part, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

// Whole and on the disk, under a name that nobody reads yet.
static int write_file(int directory, const char *name, const struct bytes *frame) {
  int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  int failed = write_all(fd, frame->data, frame->length) != 0 || fsync(fd) != 0;
  int why = errno;
  close(fd);
  if (failed) unlinkat(directory, name, 0);
  return errno = why, failed ? -1 : 0;
}

int spool(const char *path, const struct bytes *frame) {
  struct timespec t;
  char name[64], hidden[72];
  clock_gettime(CLOCK_REALTIME, &t);
  long long ns = (long long)t.tv_sec * 1000000000LL + t.tv_nsec;
  snprintf(name, sizeof name, "%019lld-%d.del", ns, (int)getpid()); // sorts by time
  snprintf(hidden, sizeof hidden, ".%s", name);
  if (make_directory(path) != 0) return -1;
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  int failed = write_file(directory, hidden, frame) != 0 || renameat(directory, hidden, directory, name) != 0 ||
               fsync(directory) != 0;
  int why = errno;
  close(directory);
  return errno = why, failed ? -1 : 0;
}
