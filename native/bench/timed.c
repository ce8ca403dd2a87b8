// Stands where a runtime looks for a CNI plugin, executes the real one, and writes down how long that took.
//
//   /opt/cni/bin/NAME (this program)   executes /opt/cni/real/NAME with its own environment and streams, ends as that does, and
//                                      adds a line to /run/cni-times: NAME VERB MICROSECONDS POD
//
// POD is K8S_POD_NAME of CNI_ARGS, "-" where there is none. What this program itself costs, a fork and an exec, is in no figure, and the
// same for whatever it stands before.
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { LINE = 512 };

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static const char *pod_name(void) {
  static char name[256];
  const char *args = getenv("CNI_ARGS");
  const char *at = args == NULL ? NULL : strstr(args, "K8S_POD_NAME=");
  if (at == NULL || sscanf(at, "K8S_POD_NAME=%255[^;]", name) != 1) return "-";
  return name;
}

int main(int argc, char **argv) {
  (void)argc;
  char real[LINE], line[LINE];
  const char *name = basename(argv[0]), *verb = getenv("CNI_COMMAND");
  snprintf(real, sizeof real, "/opt/cni/real/%s", name);
  long long began = now_us();
  pid_t pid;
  int status;
  if (posix_spawn(&pid, real, NULL, NULL, (char *[]){real, NULL}, environ) != 0) return 1;
  setpriority(PRIO_PROCESS, 0, -20); // a clock that waits for a processor itself tells its own wait
  if (waitpid(pid, &status, 0) != pid) return 1;
  long long took = now_us() - began;
  int file = open("/run/cni-times", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int length = snprintf(line, sizeof line, "%s %s %lld %s\n", name, verb == NULL ? "-" : verb, took, pod_name());
  if (file < 0 || length >= LINE || write(file, line, length) != length) return 1; // one write: lines of many do not mix
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
