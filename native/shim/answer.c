#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

#define VERSIONS "\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"" // SUPPORTED_VERSIONS of src/wire/cni/version.ts
enum { VERSION_ROOM = 16 };

// Skips a JSON string whose opening quote is at `at`; returns the place behind its closing quote.
static size_t skip_string(const unsigned char *text, size_t length, size_t at) {
  for (at++; at < length && text[at] != '"'; at++)
    if (text[at] == '\\') at++;
  return at + 1;
}

static size_t skip_space(const unsigned char *text, size_t length, size_t at) {
  while (at < length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) at++;
  return at;
}

// Copies digits and dots of the string at `at`. Returns whether that was all of it.
static int copy_version(const unsigned char *text, size_t length, size_t at, char into[VERSION_ROOM]) {
  size_t n = 0;
  if (at >= length || text[at] != '"') return 0;
  for (at++; at < length && n < VERSION_ROOM - 1; at++) {
    if (text[at] == '"') return into[n] = '\0', n > 0;
    if (text[at] != '.' && (text[at] < '0' || text[at] > '9')) return 0;
    into[n++] = (char)text[at];
  }
  return 0;
}

// The value of "cniVersion" at the top level of a JSON object. Not a parser: garbled JSON just has no version.
static int find_version(const unsigned char *text, size_t length, char into[VERSION_ROOM]) {
  static const char key[] = "\"cniVersion\"";
  int depth = 0;
  for (size_t at = 0; at < length;) {
    unsigned char c = text[at];
    if (c == '"') {
      size_t end = skip_string(text, length, at);
      size_t colon = skip_space(text, length, end);
      int ours = depth == 1 && end - at == sizeof key - 1 && end <= length && memcmp(text + at, key, sizeof key - 1) == 0;
      if (ours && colon < length && text[colon] == ':')
        return copy_version(text, length, skip_space(text, length, colon + 1), into);
      at = end;
      continue;
    }
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    at++;
  }
  return 0;
}

static int is_supported(const char *version) {
  char quoted[VERSION_ROOM + 2];
  snprintf(quoted, sizeof quoted, "\"%s\"", version);
  return strstr(VERSIONS, quoted) != NULL;
}

void say_versions(const unsigned char *config, size_t length) {
  char version[VERSION_ROOM];
  struct bytes out = {0};
  if (!find_version(config, length, version) || !is_supported(version)) strcpy(version, "1.1.0");
  bytes_text(&out, "{\"cniVersion\":\"");
  bytes_text(&out, version);
  bytes_text(&out, "\",\"supportedVersions\":[" VERSIONS "]}\n");
  write_all(STDOUT_FILENO, out.data, out.length);
}

static void add_json(struct bytes *to, const char *text) {
  for (; *text != '\0'; text++) {
    char escaped[8];
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') snprintf(escaped, sizeof escaped, "\\%c", c);
    else if (c < 0x20) snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else snprintf(escaped, sizeof escaped, "%c", c);
    bytes_text(to, escaped);
  }
}

int say_error(const struct request *request, int code, const char *message, const char *details) {
  char version[VERSION_ROOM], number[16];
  struct bytes out = {0};
  const struct bytes *frame = &request->frame;
  size_t at = request->stdin_at;
  if (frame->length <= at || !find_version(frame->data + at, frame->length - at, version)) strcpy(version, "1.0.0");
  snprintf(number, sizeof number, "%d", code);
  bytes_text(&out, "{\"cniVersion\":\"");
  bytes_text(&out, version);
  bytes_text(&out, "\",\"code\":");
  bytes_text(&out, number);
  bytes_text(&out, ",\"msg\":\"");
  add_json(&out, message);
  bytes_text(&out, "\",\"details\":\"");
  add_json(&out, details);
  bytes_text(&out, "\"}\n");
  write_all(STDOUT_FILENO, out.data, out.length);
  return 1;
}
