#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shim.h"

enum { CODE_IO = 5, CODE_AGAIN = 11, CODE_NOT_AVAILABLE = 50 };
enum { FIRST_PAUSE_MS = 5, LAST_PAUSE_MS = 50, LONGEST_SETTING_MS = 3600000 };
enum { NICE = -10 }; // before what else wants a processor, as the agent is (src/io/system/priority.ts)

// How long a verb may take, and how much of that may go by while no agent listens. Milliseconds.
struct patience {
  int64_t all;
  int64_t away;
};

static const char *setting(const char *name, const char *otherwise) {
  const char *text = getenv(name);
  return text == NULL || *text == '\0' ? otherwise : text;
}

// A number of milliseconds; what is none counts as not set.
static int64_t ms_setting(const char *name, int64_t otherwise) {
  int64_t value = 0;
  for (const char *digit = setting(name, "x"); *digit != '\0'; digit++) {
    if (*digit < '0' || *digit > '9' || value > LONGEST_SETTING_MS) return otherwise;
    value = value * 10 + (*digit - '0');
  }
  return value;
}

// ADD: a kubelet gives a sandbox 120 s, and our own "no" with its reason must come before that; an agent that is being
//   installed anew may be away for half a minute, one that restarts for a second.
// DEL: is kept for later, so nobody needs to wait for long.
// STATUS and VERSION: runtimes ask every few seconds, and "no agent" is the answer to STATUS.
// The others: a caller that asks again is better served by a quick "no".
static struct patience patience_of(const char *verb) {
  int64_t add = ms_setting("BERTH_ADD_BUDGET_MS", 90000);
  int64_t wait = ms_setting("BERTH_WAIT_MS", 30000);
  int64_t short_wait = wait < 3000 ? wait : 3000;
  if (strcmp(verb, "ADD") == 0) return (struct patience){add, wait};
  if (strcmp(verb, "DEL") == 0) return (struct patience){ms_setting("BERTH_DEL_BUDGET_MS", 30000), short_wait};
  if (strcmp(verb, "STATUS") == 0 || strcmp(verb, "VERSION") == 0)
    return (struct patience){ms_setting("BERTH_STATUS_BUDGET_MS", 3000), 0};
  return (struct patience){add, short_wait};
}

// Asks until there is an answer or patience ends. Every verb may be asked twice: the agent answers the same again.
static enum outcome ask(const char *path, const struct bytes *frame, struct reply *reply, struct patience patience,
                        int64_t began) {
  int64_t deadline = began + patience.all, away = began + patience.away;
  for (int64_t pause = FIRST_PAUSE_MS;; pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS) {
    enum outcome outcome = exchange(path, frame, reply, deadline);
    if (outcome != AWAY && outcome != BUSY && outcome != LOST) return outcome;
    int64_t now = now_ms(), next = now + pause;
    if (outcome == LOST && patience.away > 0) away = now + patience.away; // it was alive a moment ago
    if (next > deadline || (outcome != BUSY && next > away)) return outcome;
    pause_ms(pause);
  }
}

static const char *problem(enum outcome outcome) {
  switch (outcome) {
    case BUSY: return "the berth agent has too many calls to answer";
    case LOST: return "the berth agent ended while it was asked";
    case LATE: return "the berth agent did not answer in time";
    case GARBLED: return "the berth agent answered in a way that this executable does not understand";
    case DENIED: return "the berth agent cannot be asked";
    default: return "the berth agent does not answer";
  }
}

static const char *remedy(enum outcome outcome, const char *socket_path, int error) {
  static struct bytes text;
  if (outcome == GARBLED) bytes_text(&text, "install executable and agent of one version together: berth install");
  else if (outcome == DENIED) bytes_text(&text, "check that this executable runs as root, and BERTH_SOCKET");
  else bytes_text(&text, "check that the agent runs on this node: berth status");
  bytes_text(&text, "; its socket is ");
  bytes_text(&text, socket_path);
  if (error != 0) bytes_text(&text, " (");
  if (error != 0) bytes_text(&text, strerror(error));
  if (error != 0) bytes_text(&text, ")");
  return bytes_string(&text);
}

// A DEL that nobody answered is kept for the agent, which works it off before it serves again.
static int keep(const struct request *request, enum outcome outcome) {
  static struct bytes details;
  const char *directory = setting("BERTH_SPOOL", "/var/lib/berth/spool");
  if (spool(directory, &request->frame) == 0) return 0;
  const char *reason = strerror(errno);
  bytes_text(&details, "nor can the DEL be kept in ");
  bytes_text(&details, directory);
  bytes_text(&details, " (");
  bytes_text(&details, reason);
  bytes_text(&details, "): the runtime must ask again");
  return say_error(request, CODE_AGAIN, problem(outcome), bytes_string(&details));
}

static int answer(const struct request *request, const struct bytes *reply) {
  if (write_all(STDOUT_FILENO, reply->data + REPLY_HEADER, reply->length - REPLY_HEADER) == 0) return reply->data[5];
  return say_error(request, CODE_IO, "standard output cannot be written", strerror(errno));
}

int main(void) {
  static const char about[] = "berth-cni: Berth as a CNI plugin, 0.3.0 to 1.1.0; a container runtime executes it\n";
  static struct request request;
  static struct reply reply;
  const char *verb = getenv("CNI_COMMAND"), *why = "";
  if (verb == NULL || *verb == '\0') return write_all(STDERR_FILENO, about, sizeof about - 1) == 0 ? 0 : 1;
  int64_t began = now_ms();
  struct patience patience = patience_of(verb);
  if (getpriority(PRIO_PROCESS, 0) == 0) setpriority(PRIO_PROCESS, 0, NICE); // may fail: then we run as we were made
  signal(SIGPIPE, SIG_IGN); // a caller that went away is an error of write, not the end of us
  int code = read_request(&request, began + patience.all, &why);
  if (strcmp(verb, "VERSION") == 0) return say_versions(&request);
  if (code != 0)
    return say_error(&request, code, why, "the network configuration belongs on standard input, as one JSON document");
  const char *socket_path = setting("BERTH_SOCKET", "/run/berth/agent.sock");
  enum outcome outcome = ask(socket_path, &request.frame, &reply, patience, began);
  if (outcome == ANSWERED) return answer(&request, &reply.frame);
  if (strcmp(verb, "DEL") == 0) return keep(&request, outcome);
  int is_status = strcmp(verb, "STATUS") == 0;
  return say_error(&request, is_status ? CODE_NOT_AVAILABLE : CODE_AGAIN, problem(outcome),
                   remedy(outcome, socket_path, reply.error));
}
