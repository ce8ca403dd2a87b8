import { createHmac } from 'node:crypto';
import type { Millis } from '../../../src/base/clock.ts';
import type { Id } from '../../cloud/nouns.ts';
import type { Key } from './sigv4.ts';

/** How long credentials of a role last, and how long before their end the next ones are given: as in the EC2 guide. */
export const ROLE_LIFE_MS = 6 * 3_600_000;
export const ROLE_OVERLAP_MS = 5 * 60_000;

/** Who may sign: keys for good, and those of instance roles, which are known by what they are made of. */
export class Keyring {
  readonly #keys = new Map<string, Key>();
  readonly #seal: string;

  /** `seal` is the emulator's own secret: the same one knows its credentials again after a restart. */
  constructor(keys: readonly Key[], seal: string) {
    for (const key of keys) this.put(key);
    this.#seal = seal;
  }

  /** A key for good, in place of the one of the same id. */
  put(key: Key): void {
    this.#keys.set(key.id, key);
  }

  /** The key of an id; that of a role only with its token. */
  find(id: string, token: string | undefined): Key | undefined {
    return this.#keys.get(id) ?? (token === undefined ? undefined : this.#sealed(id, token));
  }

  /** The credentials of a role of an instance now: the same ones until shortly before they end. */
  role(of: { readonly instance: Id; readonly role: string; readonly account: string }, now: Millis): Required<Key> {
    const period = ROLE_LIFE_MS - ROLE_OVERLAP_MS;
    const since = Math.floor(now / period) * period;
    return this.#made({ ...of, expires: since + ROLE_LIFE_MS });
  }

  /** A token says whose it is; its seal, that we said so. */
  #sealed(id: string, token: string): Key | undefined {
    const [body = '', seal] = token.split('.');
    if (seal !== this.#hash(body)) return undefined;
    const [instance = '', role = '', account = '', expires = ''] = Buffer.from(body, 'base64url').toString().split(' ');
    const key = this.#made({ instance: instance as Id, role, account, expires: Number(expires) });
    return key.id === id ? key : undefined;
  }

  #made({ instance, role, account, expires }: Sealed): Required<Key> {
    const body = Buffer.from(`${instance} ${role} ${account} ${expires}`).toString('base64url');
    const hash = this.#hash(`id ${body}`).replaceAll(/[^A-Za-z0-9]/g, '');
    const id = `ASIA${hash.slice(0, 16).toUpperCase()}`;
    return {
      id,
      secret: this.#hash(`secret ${body}`),
      account,
      instance,
      token: `${body}.${this.#hash(body)}`,
      expires,
    };
  }

  #hash(text: string): string {
    return createHmac('sha256', this.#seal).update(text).digest('base64url');
  }
}

interface Sealed {
  readonly instance: Id;
  readonly role: string;
  readonly account: string;
  readonly expires: Millis;
}
