import { createHmac } from 'node:crypto';
import type { Millis } from '../../../../src/base/clock.ts';
import type { Id } from '../../../cloud/nouns.ts';

/** Seconds that a session may last: "Use the Instance Metadata Service", EC2 guide. */
export const TOKEN_SECONDS = { least: 1, most: 21_600 } as const;

/** A token of an instance: it says whose it is and until when, and is sealed, so that nobody keeps a list. */
export function newToken(instance: Id, until: Millis, seal: string): string {
  const body = Buffer.from(`${instance} ${until}`).toString('base64url');
  return `AQAE${body}${hash(body, seal)}==`;
}

/** Whether a token is one of this instance, and not over. */
export function isToken(token: string, { instance, now, seal }: Owner): boolean {
  const inside = /^AQAE(.+)==$/.exec(token)?.[1] ?? '';
  const body = inside.slice(0, -SEAL_LETTERS);
  if (body === '' || hash(body, seal) !== inside.slice(-SEAL_LETTERS)) return false;
  const [whose, until] = Buffer.from(body, 'base64url').toString().split(' ');
  return whose === instance && now < Number(until);
}

export interface Owner {
  readonly instance: Id;
  readonly now: Millis;
  readonly seal: string;
}

const SEAL_LETTERS = 27;

function hash(body: string, seal: string): string {
  return createHmac('sha256', seal).update(`metadata ${body}`).digest('base64url').slice(0, SEAL_LETTERS);
}
