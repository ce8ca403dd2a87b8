import * as z from 'zod';
import { address, type Address, prefix, type Prefix } from '../../base/ip.ts';
import type { Millis } from '../../base/clock.ts';
import { hostPort } from '../../base/host-port.ts';

// What a person writes in a configuration file, and what it means. Each refuses with a sentence that says what is
// expected.

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const SOCKET_PATH_BYTES = 107; // sun_path of linux/un.h, less the final zero

/** "30s" → 30000. Units ms, s, m, h; a fraction is fine, a bare number is not. */
export function duration(limits: { readonly least: Millis; readonly most: Millis }) {
  const expected = 'a duration such as 500ms, 30s, 2m or 1h';
  return parsed(expected, (text): Millis => {
    const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    if (unit === '') throw new RangeError(`${text} is not ${expected}`);
    const ms = Math.round(Number(digits) * (MS[unit] ?? 1));
    if (ms < limits.least || ms > limits.most)
      throw new RangeError(`${text} is not between ${durationText(limits.least)} and ${durationText(limits.most)}`);
    return ms;
  });
}

/** 30000 → "30s": the opposite of `duration`, in the largest unit that leaves a whole number. */
export function durationText(ms: Millis): string {
  const unit = ['h', 'm', 's'].find((it) => ms > 0 && ms % (MS[it] ?? 1) === 0) ?? 'ms';
  return ms === 0 ? '0s' : `${ms / (MS[unit] ?? 1)}${unit}`;
}

export const ipAddress = parsed<Address>('an IP address', address);
export const ipRange = parsed<Prefix>('an address range such as 10.1.0.0/24', prefix);
export const addressOrRange = parsed<Address | Prefix>('an address or a range', (text) =>
  text.includes('/') ? prefix(text) : address(text),
);

/** The name of a network interface that we may make (IFNAMSIZ of linux/if.h). */
export const linkName = parsed('the name of an interface', (text) => {
  if (!/^[^\s/:]{1,15}$/.test(text) || text === '.' || text === '..')
    throw new RangeError(`${text} is no interface name: 1 to 15 characters without blank, "/" or ":"`);
  return text;
});

export const filePath = parsed('an absolute path', (text) => {
  if (!text.startsWith('/')) throw new RangeError(`${text} is not an absolute path`);
  return text;
});

export const socketPath = parsed('an absolute path', (text) => {
  if (!text.startsWith('/')) throw new RangeError(`${text} is not an absolute path`);
  if (Buffer.byteLength(text) > SOCKET_PATH_BYTES)
    throw new RangeError(`a socket path has at most ${SOCKET_PATH_BYTES} bytes, this one ${Buffer.byteLength(text)}`);
  return text;
});

export const listenAddress = parsed('a host and port such as 127.0.0.1:9464', (text) => {
  hostPort(text);
  return text;
});

/** A Kubernetes node's name is a DNS subdomain: RFC 1123. */
export const nodeName = parsed('a node name', (text) => {
  if (text.length > 253 || !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/i.test(text))
    throw new RangeError(`${text} is no node name: letters, digits, "-" and "."`);
  return text;
});

/** Numbers between two, both allowed. */
export function whole(least: number, most: number) {
  const error = `expected a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `expected ${words.join(' or ')}` });
}

export const yesOrNo = z.boolean({ error: 'expected true or false' });

/** The sentence about a value of the wrong kind, or about none. */
export function expecting(what: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => (input === undefined ? `is missing: expected ${what}` : `expected ${what}`);
}

/** A text with a meaning. What `parse` throws is what the reader is told. */
function parsed<T>(expected: string, parse: (text: string) => T) {
  return z.string({ error: expecting(expected) }).transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
}
