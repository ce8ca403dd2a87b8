/** What a value is replaced by. */
export const REMOVED = '(removed)';

/** Keys whose values are secrets in anybody's configuration, logs or environment. */
const SECRET =
  '[\\w.-]*(?:pass(?:word|wd|phrase)|secret|token|credential|private[_-]?key|api[_-]?key|access[_-]?key|authorization|cookie)[\\w.-]*';

const RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REMOVED],
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${REMOVED}`],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REMOVED], // a JSON web token
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+):[^\s/@]+@/gi, `$1:${REMOVED}@`], // user:password@ of a URL
  [new RegExp(`("${SECRET}"\\s*:\\s*)("(?:[^"\\\\]|\\\\.)*"|[^\\s,}\\]]+)`, 'gi'), `$1"${REMOVED}"`], // JSON
  [
    new RegExp(
      `(^|[\\s,{])(['"]?${SECRET}['"]?\\s*[:=]\\s*)(?!["']?${REMOVED.replace(/[()]/g, '\\$&')})("[^"\\n]*"|'[^'\\n]*'|[^\\s,}"']+[^\\n,}"']*)`,
      'gim',
    ),
    `$1$2${REMOVED}`,
  ],
];

/** The text without what looks like a secret: values of telling keys, private keys, bearer tokens, passwords in URLs. */
export function redact(text: string): string {
  return RULES.reduce((sum, [pattern, by]) => sum.replace(pattern, by), text);
}
