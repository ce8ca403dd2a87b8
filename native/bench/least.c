// The least network that a CNI plugin can give a pod with a link of its own: what remains is the kernel's and the machine's.
//
//   least   a CNI plugin, 1.0.0; its configuration names the first three numbers of its addresses: {"type": "least", "prefix": "10.252.1."}
//
// No daemon, no record that survives a crash, no look at anything: an address by creating a file in /run/least, a pair of links, and five
// messages that make them work, in two calls. It takes the priority that Berth's executable takes.
// Ends with 1 when anything fails, and says what in CNI's words.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NICE = -10, BYTES = 4096, FIRST = 2, LAST = 254, HOST_INDEX = 1000000, POD_INDEX = 2 };

static const char folder[] = "/run/least";
static const unsigned char gateway[4] = {169, 254, 1, 1};
static const unsigned char gateway_mac[6] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee};

// Messages that go to the kernel in one call.
struct batch {
  unsigned char bytes[BYTES];
  size_t length;
  struct nlmsghdr *last;
};

_Noreturn static void fail(const char *what) {
  printf("{\"cniVersion\":\"1.0.0\",\"code\":5,\"msg\":\"%s: %s\"}\n", what, strerror(errno));
  exit(1);
}

static const char *need(const char *name) {
  const char *value = getenv(name);
  errno = EINVAL;
  if (value == NULL || *value == '\0') fail(name);
  return value;
}

static void *reserve(struct batch *batch, size_t length) {
  void *at = batch->bytes + batch->length;
  batch->length += NLMSG_ALIGN(length);
  if (batch->length > BYTES) exit(1);
  batch->last->nlmsg_len = (uint32_t)(batch->bytes + batch->length - (unsigned char *)batch->last);
  return at;
}

static void message(struct batch *batch, uint16_t type, uint16_t flags, const void *head, size_t length) {
  batch->last = (struct nlmsghdr *)(batch->bytes + batch->length);
  *(struct nlmsghdr *)reserve(batch, sizeof(struct nlmsghdr)) =
      (struct nlmsghdr){.nlmsg_len = batch->last->nlmsg_len, .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags};
  memcpy(reserve(batch, length), head, length);
}

static struct rtattr *attribute(struct batch *batch, uint16_t type, const void *value, size_t length) {
  struct rtattr *at = reserve(batch, RTA_LENGTH(length));
  at->rta_type = type;
  at->rta_len = (uint16_t)RTA_LENGTH(length);
  if (length > 0) memcpy(RTA_DATA(at), value, length);
  return at;
}

static void attribute_ends(struct batch *batch, struct rtattr *at) {
  at->rta_len = (uint16_t)(batch->bytes + batch->length - (unsigned char *)at);
}

// Both ends are made where they belong, and the host's up; the other can be only when both are there (veth_open, drivers/net/veth.c).
static void pair(struct batch *batch, uint32_t host, const char *host_name, const char *pod_name, uint32_t sandbox) {
  struct ifinfomsg end = {.ifi_index = (int)host, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  message(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &end, sizeof end);
  attribute(batch, IFLA_IFNAME, host_name, strlen(host_name) + 1);
  attribute(batch, IFLA_ADDRESS, gateway_mac, sizeof gateway_mac);
  struct rtattr *info = attribute(batch, IFLA_LINKINFO, NULL, 0);
  attribute(batch, IFLA_INFO_KIND, "veth", 4);
  struct rtattr *data = attribute(batch, IFLA_INFO_DATA, NULL, 0), *peer = attribute(batch, VETH_INFO_PEER, NULL, 0);
  end = (struct ifinfomsg){.ifi_index = POD_INDEX};
  memcpy(reserve(batch, sizeof end), &end, sizeof end);
  attribute(batch, IFLA_IFNAME, pod_name, strlen(pod_name) + 1);
  attribute(batch, IFLA_NET_NS_FD, &sandbox, sizeof sandbox);
  attribute_ends(batch, peer);
  attribute_ends(batch, data);
  attribute_ends(batch, info);
}

static void up(struct batch *batch) {
  struct ifinfomsg head = {.ifi_index = POD_INDEX, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  message(batch, RTM_NEWLINK, 0, &head, sizeof head);
}

static void route(struct batch *batch, uint32_t link, const unsigned char *to, const unsigned char *via) {
  struct rtmsg head = {.rtm_family = AF_INET,
                       .rtm_dst_len = to == NULL ? 0 : 32,
                       .rtm_table = RT_TABLE_MAIN,
                       .rtm_protocol = RTPROT_STATIC,
                       .rtm_scope = via == NULL ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                       .rtm_type = RTN_UNICAST,
                       .rtm_flags = via == NULL ? 0 : RTNH_F_ONLINK};
  message(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
  if (to != NULL) attribute(batch, RTA_DST, to, 4);
  if (via != NULL) attribute(batch, RTA_GATEWAY, via, 4);
  attribute(batch, RTA_OIF, &link, sizeof link);
}

static void own_address(struct batch *batch, const unsigned char *address) {
  struct ifaddrmsg head = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = POD_INDEX};
  message(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
  attribute(batch, IFA_LOCAL, address, 4);
}

static void neighbour(struct batch *batch) {
  struct ndmsg head = {.ndm_family = AF_INET, .ndm_ifindex = POD_INDEX, .ndm_state = NUD_PERMANENT};
  message(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
  attribute(batch, NDA_DST, gateway, sizeof gateway);
  attribute(batch, NDA_LLADDR, gateway_mac, sizeof gateway_mac);
}

static int netlink_socket(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), one = 1;
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  return fd;
}

// Sends a batch, and reads all that is answered. Returns the last error of it, 0 when there was none.
static int exchange(int fd, const struct batch *batch) {
  static unsigned char answer[BYTES];
  int error = 0;
  if (send(fd, batch->bytes, batch->length, 0) < 0) fail("send");
  for (;;) {
    ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    if (n < 0) return error;
    for (struct nlmsghdr *m = (struct nlmsghdr *)answer; NLMSG_OK(m, (size_t)n); m = NLMSG_NEXT(m, n)) {
      const struct nlmsgerr *said = NLMSG_DATA(m);
      if (m->nlmsg_type == NLMSG_ERROR && said->error != 0) error = -said->error;
    }
  }
}

static void make(int fd, const struct batch *batch) {
  errno = exchange(fd, batch);
  if (errno != 0) fail("the kernel refused");
}

static void path_of(char *path, const char *name) { snprintf(path, 256, "%s/%.200s", folder, name); }

// The lowest number that no pod has.
static int claim(const char *container) {
  char path[256], number[8];
  mkdir(folder, 0700);
  for (int i = FIRST; i <= LAST; i++) {
    snprintf(number, sizeof number, "%d", i);
    path_of(path, number);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) continue;
    close(fd);
    path_of(path, container);
    if (symlink(number, path) != 0) fail(path);
    return i;
  }
  errno = ENOSPC;
  fail(folder);
}

// A container that has none has given it back. The link goes at once: its index is the next pod's that has the number.
static int give_back(const char *container) {
  static struct batch gone;
  char path[256], number[8];
  path_of(path, container);
  ssize_t n = readlink(path, number, sizeof number - 1);
  if (n <= 0) return 0;
  number[n] = '\0';
  struct ifinfomsg head = {.ifi_index = HOST_INDEX + atoi(number)};
  message(&gone, RTM_DELLINK, 0, &head, sizeof head);
  exchange(netlink_socket(), &gone); // it may be gone with the pod's namespace
  unlink(path);
  path_of(path, number);
  unlink(path);
  return 0;
}

int main(void) {
  static struct batch on_host, in_pod;
  static char config[65536];
  const char *verb = need("CNI_COMMAND");
  setpriority(PRIO_PROCESS, 0, NICE);
  if (strcmp(verb, "DEL") == 0) return give_back(need("CNI_CONTAINERID"));
  if (strcmp(verb, "ADD") != 0) return 0;
  for (size_t length = 0; length < sizeof config - 1;) {
    ssize_t n = read(STDIN_FILENO, config + length, sizeof config - 1 - length);
    if (n <= 0) break;
    length += (size_t)n;
  }
  const char *container = need("CNI_CONTAINERID"), *netns = need("CNI_NETNS"), *name = need("CNI_IFNAME");
  const char *prefix = strstr(config, "\"prefix\"");
  unsigned int part[3];
  errno = EINVAL;
  if (prefix == NULL || sscanf(prefix, "\"prefix\" : \"%u.%u.%u.", &part[0], &part[1], &part[2]) != 3) fail("prefix");
  int number = claim(container);
  const unsigned char address[4] = {(unsigned char)part[0], (unsigned char)part[1], (unsigned char)part[2], (unsigned char)number};
  uint32_t host_index = HOST_INDEX + (uint32_t)number;
  char host_name[IFNAMSIZ];
  snprintf(host_name, sizeof host_name, "least%d", number);
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), sandbox = open(netns, O_RDONLY | O_CLOEXEC);
  if (own < 0 || sandbox < 0) fail(netns);
  int host = netlink_socket();
  if (setns(sandbox, CLONE_NEWNET) != 0) fail("setns");
  int pod = netlink_socket();
  if (setns(own, CLONE_NEWNET) != 0) fail("setns");
  pair(&on_host, host_index, host_name, name, (uint32_t)sandbox);
  route(&on_host, host_index, address, NULL);
  make(host, &on_host);
  up(&in_pod);
  own_address(&in_pod, address);
  neighbour(&in_pod);
  route(&in_pod, POD_INDEX, NULL, gateway);
  make(pod, &in_pod);
  printf("{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"%s\",\"sandbox\":\"%s\"}],"
         "\"ips\":[{\"address\":\"%u.%u.%u.%d/32\",\"interface\":0}]}\n",
         name, netns, part[0], part[1], part[2], number);
  return 0;
}
