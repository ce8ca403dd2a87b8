import type { Clock, Millis } from '../../../base/clock.ts';
import { ownCertificate, type ServerKeys } from '../../../io/system/own-certificate.ts';
import { CONTROLLER_NAME } from '../../../wire/broker/beacon.ts';

/** A key is shown for so long. */
export const SHOWN_MS: Millis = 24 * 3_600_000;
/** Its certificate is good for longer: agents that are told late find one that still is. */
const GOOD_MS: Millis = 7 * SHOWN_MS;

/** What this replica shows, and what it showed before. */
export interface Shown {
  readonly keys: ServerKeys;
  readonly since: Millis; //  by the steady clock
  readonly before: string; // the certificate of the keys before; '': there were none
}

/** A key that is nowhere else. */
export function newKeys(clock: Clock): Shown {
  const keys = ownCertificate({ name: CONTROLLER_NAME, now: clock.now(), lifeMs: GOOD_MS });
  return { keys, since: clock.steady(), before: '' };
}
