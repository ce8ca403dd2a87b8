import type { Millis } from '../../base/clock.ts';
import { loose, text } from './object.ts';

/**
 * Why the API server said no. `expired`: what was asked to go on from is forgotten. `unserved`: it knows no such path,
 * as one that starts says of kinds that it will serve in a moment. `late`: it did not do it in time. `failing`: its own
 * fault.
 */
export type FailureKind =
  | 'expired'
  | 'absent'
  | 'unserved'
  | 'exists'
  | 'conflict'
  | 'denied'
  | 'unauthenticated'
  | 'throttled'
  | 'invalid'
  | 'late'
  | 'failing';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string; // the server's own
  readonly retryAfterMs: Millis | undefined;
}

/** By the reason of a Status: k8s.io/apimachinery, meta/v1, StatusReason. */
const REASONS: Readonly<Record<string, FailureKind>> = {
  Expired: 'expired',
  Gone: 'expired',
  NotFound: 'absent',
  AlreadyExists: 'exists',
  Conflict: 'conflict',
  Forbidden: 'denied',
  Unauthorized: 'unauthenticated',
  TooManyRequests: 'throttled',
  Invalid: 'invalid',
  BadRequest: 'invalid',
  Timeout: 'late',
  ServerTimeout: 'late',
};

/** By the code, where the reason says nothing. */
const CODES: Readonly<Record<number, FailureKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'denied',
  404: 'unserved',
  409: 'conflict',
  410: 'expired',
  415: 'invalid',
  422: 'invalid',
  429: 'throttled',
  504: 'late',
};

/** What a Status says; of an answer that is none (a proxy's), what its code says. */
export function readFailure(
  status: unknown,
  of: { readonly code: number; readonly retryAfter?: string | undefined },
): Failure {
  const { reason, message, code, details } = loose(status);
  const number = typeof code === 'number' && code >= 400 ? code : of.code;
  const { retryAfterSeconds, name } = loose(details);
  const said = REASONS[text(reason)] ?? CODES[number] ?? (number >= 500 ? 'failing' : 'invalid');
  const kind = said === 'absent' && text(name) === '' ? 'unserved' : said; // an object that is not there is named
  const seconds = Number(of.retryAfter ?? retryAfterSeconds ?? Number.NaN);
  return {
    kind,
    message: text(message) || `HTTP ${number}`,
    retryAfterMs: seconds > 0 ? seconds * 1_000 : undefined,
  };
}
