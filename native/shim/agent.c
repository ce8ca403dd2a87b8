#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim.h"

static int open_connection(const char *path, enum outcome *why) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  *why = AWAY;
  if (strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  if (errno == EAGAIN) *why = LOST; // alive, but its queue of connections is full: worth another try
  close(fd);
  return -1;
}

static enum outcome send_all(int fd, const struct bytes *frame, int64_t deadline) {
  for (size_t at = 0; at < frame->length;) {
    ssize_t n = send(fd, frame->data + at, frame->length - at, MSG_NOSIGNAL);
    if (n >= 0) at += (size_t)n;
    else if (errno == EAGAIN && !wait_for(fd, POLLOUT, deadline)) return LATE;
    else if (errno != EAGAIN && errno != EINTR) return LOST;
  }
  return ANSWERED;
}

static size_t get32(const unsigned char *at) {
  return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

// Whether `reply` is whole; *garbled when it can never be.
static int is_whole(const struct bytes *reply, int *garbled) {
  if (reply->length < 6) return 0;
  size_t length = get32(reply->data);
  *garbled = length < 2 || length > FRAME_LIMIT - 4 || reply->data[4] != 1 || reply->length > length + 4;
  return !*garbled && reply->length == length + 4;
}

static enum outcome receive(int fd, struct bytes *reply, int64_t deadline) {
  static unsigned char part[64 * 1024];
  for (;;) {
    ssize_t n = recv(fd, part, sizeof part, 0);
    if (n == 0) return LOST;
    if (n < 0 && errno == EAGAIN) {
      if (!wait_for(fd, POLLIN, deadline)) return LATE;
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return LOST;
    int garbled = 0;
    bytes_add(reply, part, (size_t)n);
    if (reply->failed) return GARBLED;
    if (is_whole(reply, &garbled)) return ANSWERED;
    if (garbled) return GARBLED;
  }
}

enum outcome exchange(const char *socket_path, const struct bytes *frame, struct bytes *reply, int64_t deadline) {
  enum outcome outcome;
  int fd = open_connection(socket_path, &outcome);
  if (fd < 0) return outcome;
  reply->length = 0;
  outcome = send_all(fd, frame, deadline);
  if (outcome == ANSWERED) outcome = receive(fd, reply, deadline);
  close(fd);
  return outcome;
}
