#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h> // renameat
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

// Makes a directory whose parent is there, and puts its name on the disk. Present is success.
static int make_one(char *path, mode_t mode) {
  if (mkdir(path, mode) != 0) return errno == EEXIST ? 0 : -1;
  char *slash = strrchr(path, '/');
  if (slash != NULL && slash != path) *slash = '\0';
  int parent = open(slash == NULL ? "." : slash == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (slash != NULL && slash != path) *slash = '/';
  if (parent < 0) return -1;
  int failed = fsync(parent);
  close(parent);
  return failed;
}

// Makes a directory and those above it; the last is for root alone.
static int make_directory(const char *path) {
  char part[PATH_MAX];
  if (strlen(path) >= sizeof part) return errno = ENAMETOOLONG, -1;
  strcpy(part, path);
  for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    if (make_one(part, 0755) != 0) return -1;
    *slash = '/';
  }
  return make_one(part, 0700);
}

// Whole and on the disk, under a name that nobody reads yet.
static int write_file(int directory, const char *name, const struct bytes *frame) {
  int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  int failed = write_all(fd, frame->data, frame->length) != 0 || fsync(fd) != 0;
  int error = errno;
  close(fd);
  if (failed) unlinkat(directory, name, 0);
  return errno = error, failed ? -1 : 0;
}

// ".<nanoseconds since 1970>-<pid>.del": sorts by time, and hidden while it is written.
static const char *hidden_name(struct bytes *name) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  bytes_text(name, ".");
  bytes_number(name, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec, 19);
  bytes_text(name, "-");
  bytes_number(name, (uint64_t)getpid(), 1);
  bytes_text(name, ".del");
  return bytes_string(name);
}

int spool(const char *path, const struct bytes *frame) {
  struct bytes name = {0};
  const char *hidden = hidden_name(&name);
  if (*hidden == '\0') return errno = ENOMEM, -1;
  if (make_directory(path) != 0) return -1;
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  int failed = write_file(directory, hidden, frame) != 0 || renameat(directory, hidden, directory, hidden + 1) != 0 ||
               fsync(directory) != 0;
  int error = errno;
  close(directory);
  return errno = error, failed ? -1 : 0;
}
