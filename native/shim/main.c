#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

// How long a verb may take, and how much of that may go by while no agent answers. Milliseconds.
// A kubelet gives a sandbox 120 s: our own "no", with its reason, must come before that. An agent restarts within a second.
struct patience {
  int64_t all;
  int64_t away;
};

static int64_t setting(const char *name, int64_t otherwise) {
  const char *text = getenv(name);
  if (text == NULL || *text == '\0') return otherwise;
  char *end;
  long long value = strtoll(text, &end, 10);
  return *end == '\0' && value >= 0 && value <= 3600000 ? value : otherwise;
}

static const char *path_setting(const char *name, const char *otherwise) {
  const char *text = getenv(name);
  return text == NULL || *text == '\0' ? otherwise : text;
}

static struct patience patience_of(const char *verb) {
  if (strcmp(verb, "STATUS") == 0) return (struct patience){setting("BERTH_STATUS_BUDGET_MS", 3000), 0};
  if (strcmp(verb, "DEL") == 0) return (struct patience){setting("BERTH_DEL_BUDGET_MS", 30000), setting("BERTH_DEL_WAIT_MS", 3000)};
  return (struct patience){setting("BERTH_ADD_BUDGET_MS", 90000), setting("BERTH_WAIT_MS", 30000)};
}

static void pause_ms(long ms) {
  struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

// Asks until there is an answer, or patience ends. Every verb may be asked twice: ADD of the same attachment answers the same again.
static enum outcome ask(const char *socket_path, const struct bytes *frame, struct bytes *reply, struct patience patience) {
  int64_t began = now_ms(), deadline = began + patience.all, away = began + patience.away;
  for (long pause = 5;; pause = pause < 100 ? pause * 2 : 100) {
    enum outcome outcome = exchange(socket_path, frame, reply, deadline);
    if (outcome != AWAY && outcome != LOST) return outcome;
    if (now_ms() + pause > (outcome == AWAY ? away : deadline)) return outcome;
    if (outcome == LOST && patience.away == 0) return outcome;
    if (outcome == LOST) away = now_ms() + patience.away; // it was alive a moment ago
    pause_ms(pause);
  }
}

static const char *problem(enum outcome outcome) {
  switch (outcome) {
    case AWAY: return "the berth agent does not answer";
    case LOST: return "the berth agent ended while it was asked";
    case LATE: return "the berth agent did not answer in time";
    default: return "the berth agent answered in a way that this executable does not understand";
  }
}

static const char *remedy(enum outcome outcome, const char *socket_path) {
  static char text[4400];
  const char *what = outcome == GARBLED ? "install executable and agent of one version together: berth install"
                                        : "check that the agent runs on this node: berth status";
  snprintf(text, sizeof text, "%s; its socket is %s", what, socket_path);
  return text;
}

// A DEL that nobody answered is kept for the agent, which works it off before it serves again.
static int keep(const struct request *request, enum outcome outcome) {
  const char *directory = path_setting("BERTH_SPOOL", "/var/lib/berth/spool");
  if (spool(directory, &request->frame) == 0) return 0;
  char details[4600];
  snprintf(details, sizeof details, "nor can the DEL be kept in %s: %s; the runtime will ask again", directory, strerror(errno));
  return say_error(request, 11, problem(outcome), details);
}

static int answer(const struct request *request, const struct bytes *reply) {
  if (write_all(STDOUT_FILENO, reply->data + 6, reply->length - 6) == 0) return reply->data[5];
  return say_error(request, 5, "standard output cannot be written", strerror(errno));
}

int main(void) {
  const char *verb = getenv("CNI_COMMAND");
  if (verb == NULL || *verb == '\0') {
    static const char about[] = "berth-cni: the CNI plugin of Berth, for CNI 0.3.0 to 1.1.0; a container runtime executes it\n";
    return write_all(STDERR_FILENO, about, sizeof about - 1) == 0 ? 0 : 1;
  }
  struct patience patience = patience_of(verb);
  struct request request = {0};
  const char *wrong = read_request(&request, now_ms() + patience.all);
  if (strcmp(verb, "VERSION") == 0) {
    say_versions(request.frame.data + request.stdin_at, request.frame.length - request.stdin_at);
    return 0;
  }
  if (wrong != NULL) return say_error(&request, 6, wrong, "the network configuration belongs on standard input, as one JSON document");
  const char *socket_path = path_setting("BERTH_SOCKET", "/run/berth/agent.sock");
  struct bytes reply = {0};
  enum outcome outcome = ask(socket_path, &request.frame, &reply, patience);
  if (outcome == ANSWERED) return answer(&request, &reply);
  if (strcmp(verb, "DEL") == 0) return keep(&request, outcome);
  return say_error(&request, strcmp(verb, "STATUS") == 0 ? 50 : 11, problem(outcome), remedy(outcome, socket_path));
}
