#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

extern char **environ;

enum { CODE_IO = 5, CODE_DECODING = 6, PART = 16 * 1024 };

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

// Adds what comes until its end. A closed descriptor is an empty one: VERSION may come without a configuration.
static int read_stdin(struct bytes *into, int64_t deadline, const char **why) {
  for (;;) {
    unsigned char *at = bytes_reserve(into, PART);
    if (at == NULL) return *why = "environment and configuration are longer than 16 MiB", CODE_DECODING;
    if (!wait_for(STDIN_FILENO, POLLIN, deadline)) return *why = "standard input was not closed in time", CODE_IO;
    ssize_t n = read(STDIN_FILENO, at, PART);
    if (n > 0) into->length += (size_t)n;
    if (n == 0 || (n < 0 && errno == EBADF)) return 0;
    if (n < 0 && errno != EINTR && errno != EAGAIN) return *why = strerror(errno), CODE_IO;
  }
}

int read_request(struct request *request, int64_t deadline, const char **why) {
  static const unsigned char header[HEADER] = {0, 0, 0, 0, FRAME_VERSION}; // both lengths are put in at the end
  struct bytes *frame = &request->frame;
  bytes_add(frame, header, sizeof header);
  for (char **variable = environ; *variable != NULL; variable++)
    if (is_told(*variable)) bytes_add(frame, *variable, strlen(*variable) + 1);
  request->stdin_at = frame->length;
  int code = read_stdin(frame, deadline, why);
  if (code != 0) return code;
  put32(frame->data, frame->length - 4);
  put32(frame->data + 6, request->stdin_at - HEADER);
  return 0;
}
