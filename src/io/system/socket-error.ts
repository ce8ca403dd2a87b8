/** `in-use`: a live server answers there. `invalid`: the path is no place for a socket. `absent`: nobody listens. */
export type SocketErrorKind = 'in-use' | 'invalid' | 'denied' | 'absent' | 'unknown';

/** An operating error of a listening or connecting socket. */
export class SocketError extends Error {
  readonly kind: SocketErrorKind;
  constructor(kind: SocketErrorKind, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'SocketError';
    this.kind = kind;
  }
}

const KINDS: Readonly<Record<string, SocketErrorKind>> = {
  EADDRINUSE: 'in-use',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOENT: 'absent',
  ECONNREFUSED: 'absent',
  ENOTDIR: 'invalid',
  ENAMETOOLONG: 'invalid',
  EADDRNOTAVAIL: 'invalid',
};

/** A thrown value of node:net or node:fs as a SocketError that names what was tried. */
export function socketError(tried: string, cause: unknown): SocketError {
  if (cause instanceof SocketError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new SocketError(KINDS[code] ?? 'unknown', `${tried}: ${message}`, { cause });
}
