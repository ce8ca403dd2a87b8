#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

extern char **environ;

static void put32(unsigned char *at, size_t value) {
  for (int i = 0; i < 4; i++) at[i] = (unsigned char)(value >> (8 * i));
}

// What the agent is told of our environment: the call, and the caller's trace.
static int is_told(const char *variable) {
  static const char *const names[] = {"CNI_", "TRACEPARENT=", "TRACESTATE=", "BAGGAGE="};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(variable, names[i], strlen(names[i])) == 0) return 1;
  return 0;
}

static const char *read_stdin(struct bytes *into, int64_t deadline) {
  static unsigned char part[64 * 1024];
  for (;;) {
    if (!wait_for(STDIN_FILENO, POLLIN, deadline)) return "standard input was not closed in time";
    ssize_t n = read(STDIN_FILENO, part, sizeof part);
    if (n == 0) return NULL;
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return errno == EBADF ? NULL : "standard input cannot be read"; // closed: nothing was sent
    bytes_add(into, part, (size_t)n);
    if (into->failed) return "environment and configuration are longer than 16 MiB";
  }
}

const char *read_request(struct request *request, int64_t deadline) {
  static const unsigned char header[HEADER] = {0, 0, 0, 0, 1}; // lengths follow; 1 is the version of the frame
  struct bytes *frame = &request->frame;
  bytes_add(frame, header, sizeof header);
  for (char **variable = environ; *variable != NULL; variable++)
    if (is_told(*variable)) bytes_add(frame, *variable, strlen(*variable) + 1);
  request->stdin_at = frame->length;
  if (frame->failed) return "the environment is longer than 16 MiB";
  const char *wrong = read_stdin(frame, deadline);
  put32(frame->data, frame->length - 4);
  put32(frame->data + 6, request->stdin_at - HEADER);
  return wrong;
}
