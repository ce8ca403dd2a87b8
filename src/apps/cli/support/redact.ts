/** What a value is replaced by. */
export const REMOVED = '(removed)';

/** Words in keys whose values are secrets in anybody's configuration, logs or environment. */
const WORDS = [
  'pass(?:word|wd|phrase)',
  'secret',
  'token',
  'credential',
  '(?:private|api|access)[_-]?key',
  'authorization',
  'cookie',
];
const KEY = `[\\w.-]*(?:${WORDS.join('|')})[\\w.-]*`;
const GONE = '["\']?\\(removed\\)'; // a second pass changes nothing
const VALUE = `"[^"\\n]*"|'[^'\\n]*'|[^\\s,}"']+[^\\n,}"']*`; // quoted, or up to the end of its line
const JSON_VALUE = '"(?:[^"\\\\]|\\\\.)*"|[^\\s,}\\]]+';

const RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REMOVED],
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${REMOVED}`],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REMOVED], // a JSON web token
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+):[^\s/@]+@/gi, `$1:${REMOVED}@`], // user:password@ of a URL
  [new RegExp(`("${KEY}"\\s*:\\s*)(?:${JSON_VALUE})`, 'gi'), `$1"${REMOVED}"`],
  [new RegExp(`(^|[\\s,{])(['"]?${KEY}['"]?\\s*[:=]\\s*)(?!${GONE})(?:${VALUE})`, 'gim'), `$1$2${REMOVED}`],
];

/**
 * The text without what looks like a secret: values of telling keys, private keys, bearer tokens, passwords in URLs.
 */
export function redact(text: string): string {
  return RULES.reduce((sum, [pattern, by]) => sum.replace(pattern, by), text);
}
