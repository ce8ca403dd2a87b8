// The CNI executable: carries one call of the runtime to the agent and the answer back. It decides nothing.
// Only libc's system calls and strings: stdio would triple its size and the time it takes to start.
#ifndef BERTH_SHIM_H
#define BERTH_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifndef FRAME_VERSION // a test builds those of its neighbours
#define FRAME_VERSION 1
#endif
enum { FRAME_LIMIT = 16 * 1024 * 1024, HEADER = 10, REPLY_HEADER = 6 }; // src/wire/agent/frame.ts

// bytes.c: a growing run of bytes, at most FRAME_LIMIT. `failed` is set when memory or that limit ends; what was there
// stays.
struct bytes {
  unsigned char *data;
  size_t length;
  size_t room;
  int failed;
};
// Makes room for `length` more bytes behind the last. Returns where they go, or NULL when it failed.
unsigned char *bytes_reserve(struct bytes *to, size_t length);
void bytes_add(struct bytes *to, const void *data, size_t length);
void bytes_text(struct bytes *to, const char *text);
// Decimal, with zeros before it up to `width` digits.
void bytes_number(struct bytes *to, uint64_t number, int width);
// The bytes as a C string, or "" when there was no memory for it.
const char *bytes_string(struct bytes *bytes);

// wait.c: time, and descriptors that may make us wait.
int64_t now_ms(void); // of a steady clock
void pause_ms(int64_t ms);
// Waits until `fd` is ready for `events` (poll.h) or `deadline` passes. Returns whether it is ready.
int wait_for(int fd, short events, int64_t deadline);
// Writes everything. Returns 0, or -1 with errno.
int write_all(int fd, const void *data, size_t length);

// request.c: the call as one frame. `stdin_at` is where the configuration begins in it.
struct request {
  struct bytes frame;
  size_t stdin_at;
};
// Reads environment and standard input. Returns 0, or a CNI code and why.
int read_request(struct request *request, int64_t deadline, const char **why);

// agent.c: one exchange with the agent.
enum outcome {
  ANSWERED, // `frame` holds a whole reply
  AWAY,     // nobody listens
  BUSY,     // more calls wait for the agent than the kernel keeps
  LOST,     // the connection ended before a whole reply: the agent was ended, or restarts
  LATE,     // the deadline passed
  GARBLED,  // what came is no reply of our version
  DENIED,   // the socket cannot be used, and time will not change that
};
struct reply {
  struct bytes frame;
  int error; // errno of what went wrong, or 0
};
enum outcome exchange(const char *socket_path, const struct bytes *frame, struct reply *reply, int64_t deadline);

// spool.c: keeps a DEL until an agent is there. On the disk when it returns 0; else -1 with errno.
int spool(const char *directory, const struct bytes *frame);

// answer.c: what the executable says itself. Returns the exit code.
int say_versions(const struct request *request);
// Prints a CNI error, in the version that the configuration asks for. Returns 1.
int say_error(const struct request *request, int code, const char *message, const char *details);

#endif
