// Executes a CNI plugin many times, as a runtime does, and measures each execution from spawn to exit.
//
//   driver PLUGIN VERB CONCURRENCY CONFIG ID_PREFIX FIRST COUNT NETNS_PREFIX CNI_PATH [TURNS ANSWERS]
//
// Operation i has CNI_CONTAINERID = ID_PREFIX i and CNI_NETNS = NETNS_PREFIX i; CONFIG is what the plugin reads on stdin. At most
// CONCURRENCY plugins run at once. Prints one JSON document: {"wallMs":…,"cpuMs":…,"failed":…,"ms":[…]}; cpuMs is the processor time
// of the plugins and their children (getrusage). What the first failing plugin printed goes to stderr.
// fork and exec cost the same for every plugin measured so, which a driver in a managed runtime could not promise.
// TURNS and ANSWERS are fifos to somebody who takes turns with the plugin (floor.c): after each operation one byte goes to the first, and a
// line with the milliseconds that the other took comes from the second; the document has them as "others".
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { ENV_SLOTS = 256, VALUE = 512 };

struct job {
  pid_t pid;
  int number;
  int out; // memfd that holds what the plugin printed
  double began;
};

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void die(const char *what) {
  fprintf(stderr, "driver: %s: %s\n", what, strerror(errno));
  exit(1);
}

// The environment of one call: ours, then the CNI_* variables, whose text lives in `values`.
static void make_env(char *env[ENV_SLOTS], char values[5][VALUE], char **argv, int number) {
  int n = 0;
  for (char **e = environ; *e != NULL && n < ENV_SLOTS - 6; e++)
    if (strncmp(*e, "CNI_", 4) != 0) env[n++] = *e;
  snprintf(values[0], VALUE, "CNI_COMMAND=%s", argv[2]);
  snprintf(values[1], VALUE, "CNI_CONTAINERID=%s%d", argv[5], number);
  snprintf(values[2], VALUE, "CNI_NETNS=%s%d", argv[8], number);
  snprintf(values[3], VALUE, "CNI_IFNAME=eth0");
  snprintf(values[4], VALUE, "CNI_PATH=%s", argv[9]);
  for (int i = 0; i < 5; i++) env[n++] = values[i];
  env[n] = NULL;
}

// As Go's runtime does it for containerd: the child shares the parent's memory until it is another program. (posix_spawn
// of glibc asks for the handler of each of 64 signals besides.)
static pid_t spawn(const char *program, char **args, char **env, const char *input, int output) {
  pid_t pid = vfork();
  if (pid != 0) return pid;
  int in = open(input, O_RDONLY | O_CLOEXEC);
  if (in >= 0 && dup2(in, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2) execve(program, args, env);
  _exit(127);
}

static void start(struct job *job, char **argv, int number) {
  char values[5][VALUE];
  char *env[ENV_SLOTS];
  char *args[] = {argv[1], NULL};
  make_env(env, values, argv, number);
  job->number = number;
  job->out = memfd_create("out", MFD_CLOEXEC);
  if (job->out < 0) die("memfd_create");
  job->began = now_ms();
  job->pid = spawn(argv[1], args, env, argv[4], job->out);
  if (job->pid < 0) die(argv[1]);
}

static void show_failure(const struct job *job) {
  char text[4096];
  ssize_t n = pread(job->out, text, sizeof text, 0);
  fprintf(stderr, "driver: operation %d failed: %.*s\n", job->number, n > 0 ? (int)n : 0, text);
}

static double cpu_ms(void) {
  struct rusage u;
  getrusage(RUSAGE_CHILDREN, &u);
  return u.ru_utime.tv_sec * 1e3 + u.ru_utime.tv_usec / 1e3 + u.ru_stime.tv_sec * 1e3 + u.ru_stime.tv_usec / 1e3;
}

static int open_fifo(const char *path) {
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) die(path);
  return fd;
}

// Lets the other side have its turn: how many milliseconds it took.
static double turn_of_other(int turns, int answers) {
  char text[64];
  size_t length = 0;
  if (write(turns, ".", 1) != 1) die("turns");
  for (;;) {
    struct pollfd ready = {answers, POLLIN, 0};
    if (poll(&ready, 1, 10000) != 1) errno = ETIMEDOUT, die("answers");
    ssize_t n = read(answers, text + length, sizeof text - 1 - length);
    if (n <= 0) die("answers");
    length += (size_t)n;
    text[length] = 0;
    if (text[length - 1] == '\n' || length == sizeof text - 1) return atof(text);
  }
}

static void print_list(const char *name, const double *values, int count) {
  printf(",\"%s\":[", name);
  for (int i = 0; i < count; i++) printf("%s%.4f", i == 0 ? "" : ",", values[i]);
  printf("]");
}

int main(int argc, char **argv) {
  if (argc != 10 && argc != 12) {
    fprintf(stderr, "usage: driver PLUGIN VERB CONCURRENCY CONFIG ID_PREFIX FIRST COUNT NETNS_PREFIX CNI_PATH [TURNS ANSWERS]\n");
    return 2;
  }
  int turns = argc == 12 ? open_fifo(argv[10]) : -1, answers = argc == 12 ? open_fifo(argv[11]) : -1;
  int concurrency = atoi(argv[3]), first = atoi(argv[6]), count = atoi(argv[7]);
  struct job *jobs = calloc((size_t)concurrency, sizeof *jobs);
  double *ms = calloc((size_t)count, sizeof *ms);
  double *others = calloc((size_t)count, sizeof *others);
  if (jobs == NULL || ms == NULL || others == NULL) die("calloc");
  int started = 0, ended = 0, failed = 0;
  double began = now_ms();
  while (ended < count) {
    for (int i = 0; i < concurrency && started < count; i++)
      if (jobs[i].pid == 0) start(&jobs[i], argv, first + started++);
    int status;
    pid_t pid = wait(&status);
    double at = now_ms();
    for (int i = 0; i < concurrency; i++) {
      if (jobs[i].pid != pid) continue;
      ms[ended++] = at - jobs[i].began;
      if (status != 0 && failed++ == 0) show_failure(&jobs[i]);
      close(jobs[i].out);
      jobs[i].pid = 0;
      if (turns >= 0) others[ended - 1] = turn_of_other(turns, answers);
    }
  }
  printf("{\"wallMs\":%.3f,\"cpuMs\":%.3f,\"failed\":%d", now_ms() - began, cpu_ms(), failed);
  print_list("ms", ms, count);
  print_list("others", others, turns >= 0 ? count : 0);
  printf("}\n");
  return 0;
}
