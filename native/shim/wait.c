#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void pause_ms(int64_t ms) {
  struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

int wait_for(int fd, short events, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - now_ms();
    struct pollfd it = {.fd = fd, .events = events};
    int ready = poll(&it, 1, left < 0 ? 0 : (int)left);
    if (ready > 0) return 1;
    if (ready == 0 || errno != EINTR) return 0;
  }
}

int write_all(int fd, const void *data, size_t length) {
  const unsigned char *at = data;
  while (length > 0) {
    ssize_t n = write(fd, at, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) { // somebody gave us a pipe that does not block
      struct pollfd it = {.fd = fd, .events = POLLOUT};
      poll(&it, 1, -1);
      continue;
    }
    if (n < 0) return -1;
    at += n;
    length -= (size_t)n;
  }
  return 0;
}
