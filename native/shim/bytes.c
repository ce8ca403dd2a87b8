#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "shim.h"

enum { FIRST_ROOM = 32 * 1024 }; // a call with its configuration has 1 to 8 KiB

// Straight from the kernel: one call instead of malloc's four, and none of its code. Nothing is given back: we end.
static void *pages(void *old, size_t had, size_t wanted) {
  if (old != NULL) return mremap(old, had, wanted, MREMAP_MAYMOVE);
  return mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

unsigned char *bytes_reserve(struct bytes *to, size_t length) {
  if (length > FRAME_LIMIT - to->length) to->failed = 1;
  if (to->failed) return NULL;
  size_t room = to->room == 0 ? FIRST_ROOM : to->room;
  while (room < to->length + length) room *= 2;
  if (room > to->room) {
    unsigned char *moved = pages(to->data, to->room, room);
    if (moved == MAP_FAILED) return to->failed = 1, NULL;
    to->data = moved;
    to->room = room;
  }
  return to->data + to->length;
}

void bytes_add(struct bytes *to, const void *data, size_t length) {
  unsigned char *at = bytes_reserve(to, length);
  if (at == NULL) return;
  memcpy(at, data, length);
  to->length += length;
}

void bytes_text(struct bytes *to, const char *text) {
  bytes_add(to, text, strlen(text));
}

void bytes_number(struct bytes *to, uint64_t number, int width) {
  char digits[20];
  int n = 0;
  do digits[n++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (n < width) digits[n++] = '0';
  while (n > 0) bytes_add(to, &digits[--n], 1);
}

const char *bytes_string(struct bytes *bytes) {
  unsigned char *end = bytes_reserve(bytes, 1);
  if (end == NULL) return "";
  *end = '\0';
  return (const char *)bytes->data;
}
