#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim.h"

enum { PART = 16 * 1024 };

static enum outcome refused(int error) {
  if (error == EAGAIN) return BUSY;
  return error == EACCES || error == EPERM || error == ENAMETOOLONG ? DENIED : AWAY;
}

// Returns a descriptor, or -1 with errno.
static int open_connection(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = errno;
  close(fd);
  return errno = error, -1;
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

// Whether `reply` is whole, LOST while more must come, or GARBLED when it can never be.
static enum outcome judge(const struct bytes *reply) {
  if (reply->length < REPLY_HEADER) return LOST;
  size_t whole = 4 + get32(reply->data);
  if (whole < REPLY_HEADER || whole > FRAME_LIMIT || reply->data[4] != FRAME_VERSION) return GARBLED;
  if (reply->length > whole) return GARBLED;
  return reply->length == whole ? ANSWERED : LOST;
}

static enum outcome receive(int fd, struct bytes *reply, int64_t deadline) {
  for (;;) {
    unsigned char *at = bytes_reserve(reply, PART);
    if (at == NULL) return GARBLED;
    ssize_t n = recv(fd, at, PART, 0);
    if (n == 0) return errno = 0, LOST;
    if (n < 0) {
      if (errno == EAGAIN && !wait_for(fd, POLLIN, deadline)) return LATE;
      if (errno != EAGAIN && errno != EINTR) return LOST;
      continue;
    }
    reply->length += (size_t)n;
    enum outcome outcome = judge(reply);
    if (outcome != LOST) return outcome;
  }
}

enum outcome exchange(const char *socket_path, const struct bytes *frame, struct reply *reply, int64_t deadline) {
  reply->frame.length = 0;
  int fd = open_connection(socket_path);
  if (fd < 0) return reply->error = errno, refused(errno);
  enum outcome outcome = send_all(fd, frame, deadline);
  // an agent that hangs up before it has read everything may have said why
  if (outcome == ANSWERED || outcome == LOST) outcome = receive(fd, &reply->frame, deadline);
  reply->error = outcome == LOST ? errno : 0;
  close(fd);
  return outcome;
}
