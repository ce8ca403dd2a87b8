#include <string.h>
#include <unistd.h>

#include "shim.h"

#define VERSIONS "\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"" // SUPPORTED_VERSIONS of src/wire/cni/version.ts
enum { VERSION_ROOM = 16 };

// Skips a JSON string whose opening quote is at `at`. Returns the place behind its closing quote.
static size_t skip_string(const unsigned char *text, size_t length, size_t at) {
  for (at++; at < length && text[at] != '"'; at++)
    if (text[at] == '\\') at++;
  return at + 1;
}

static size_t skip_space(const unsigned char *text, size_t length, size_t at) {
  while (at < length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) at++;
  return at;
}

// Copies the string at `at`, which must be of digits and dots. Returns whether it was.
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

static int is_version_key(const unsigned char *text, size_t from, size_t end, size_t length) {
  static const char key[] = "\"cniVersion\"";
  return end <= length && end - from == sizeof key - 1 && memcmp(text + from, key, sizeof key - 1) == 0;
}

// The value of "cniVersion" at the top level of a JSON object. Not a parser: garbled JSON just has no version.
static int find_version(const struct request *request, char into[VERSION_ROOM]) {
  const unsigned char *text = request->frame.data + request->stdin_at;
  size_t length = request->frame.length - request->stdin_at;
  int depth = 0;
  for (size_t at = 0; at < length; at++) {
    if (text[at] == '{' || text[at] == '[') depth++;
    if (text[at] == '}' || text[at] == ']') depth--;
    if (text[at] != '"') continue;
    size_t end = skip_string(text, length, at), colon = skip_space(text, length, end);
    if (depth == 1 && is_version_key(text, at, end, length) && colon < length && text[colon] == ':')
      return copy_version(text, length, skip_space(text, length, colon + 1), into);
    at = end - 1;
  }
  return 0;
}

static int is_supported(const char *version) {
  const char *found = strstr(VERSIONS, version);
  return found != NULL && found[-1] == '"' && found[strlen(version)] == '"';
}

static int print(const struct bytes *out) {
  return out->failed || write_all(STDOUT_FILENO, out->data, out->length) != 0 ? -1 : 0;
}

int say_versions(const struct request *request) {
  char version[VERSION_ROOM];
  struct bytes out = {0};
  if (!find_version(request, version) || !is_supported(version)) strcpy(version, "1.1.0");
  bytes_text(&out, "{\"cniVersion\":\"");
  bytes_text(&out, version);
  bytes_text(&out, "\",\"supportedVersions\":[" VERSIONS "]}\n");
  return print(&out) == 0 ? 0 : 1;
}

// The text within a JSON string. What is no ASCII can only come from a path, and may be no UTF-8: a question mark.
static void add_json(struct bytes *to, const char *text) {
  static const char hex[] = "0123456789abcdef";
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, quoted[] = {'\\', *text};
    if (c < ' ') bytes_add(to, escaped, sizeof escaped);
    else if (c == '"' || c == '\\') bytes_add(to, quoted, sizeof quoted);
    else bytes_add(to, c < 0x7f ? text : "?", 1);
  }
}

int say_error(const struct request *request, int code, const char *message, const char *details) {
  char version[VERSION_ROOM];
  struct bytes out = {0};
  if (!find_version(request, version)) strcpy(version, "1.0.0");
  bytes_text(&out, "{\"cniVersion\":\"");
  bytes_text(&out, version);
  bytes_text(&out, "\",\"code\":");
  bytes_number(&out, (uint64_t)code, 1);
  bytes_text(&out, ",\"msg\":\"");
  add_json(&out, message);
  bytes_text(&out, "\",\"details\":\"");
  add_json(&out, details);
  bytes_text(&out, "\"}\n");
  print(&out); // the exit code tells the failure where this cannot
  return 1;
}
