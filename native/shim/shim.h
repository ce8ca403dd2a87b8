// The CNI executable: carries one call of the runtime to the agent and the answer back. It decides nothing.
#ifndef BERTH_SHIM_H
#define BERTH_SHIM_H

#include <stddef.h>
#include <stdint.h>

enum { FRAME_LIMIT = 16 * 1024 * 1024, HEADER = 10 }; // as in src/wire/agent/frame.ts

// A growing run of bytes. `failed` is set when memory or the limit of a frame ends; what was there stays.
struct bytes {
  unsigned char *data;
  size_t length;
  size_t room;
  int failed;
};

void bytes_add(struct bytes *to, const void *data, size_t length);
void bytes_text(struct bytes *to, const char *text);

// Milliseconds of a steady clock.
int64_t now_ms(void);
// Waits until `fd` is ready for `events` (poll.h) or `deadline` passes. Returns whether it is ready.
int wait_for(int fd, short events, int64_t deadline);
// Writes everything. Returns 0, or -1 with errno.
int write_all(int fd, const void *data, size_t length);

// request.c: the call as one frame. `stdin_at` is where the configuration begins in it.
struct request {
  struct bytes frame;
  size_t stdin_at;
};
// Reads environment and standard input. Returns 0, or an error's sentence.
const char *read_request(struct request *request, int64_t deadline);

// agent.c: one exchange with the agent.
enum outcome {
  ANSWERED, // `reply` holds a whole reply frame
  AWAY,     // nobody listens
  LOST,     // the connection ended before a whole reply: the agent was ended, or restarts
  LATE,     // the deadline passed
  GARBLED,  // what came is no reply of our version
};
enum outcome exchange(const char *socket_path, const struct bytes *frame, struct bytes *reply, int64_t deadline);

// spool.c: keeps a DEL until an agent is there. Durable when it returns 0; else -1 with errno.
int spool(const char *directory, const struct bytes *frame);

// answer.c: what the executable says itself.
void say_versions(const unsigned char *config, size_t length);
// Prints a CNI error in the version that the configuration asks for. Returns the exit code, 1.
int say_error(const struct request *request, int code, const char *message, const char *details);

#endif
