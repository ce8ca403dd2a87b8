import { CniError } from './error.ts';

/**
 * A value of a JSON document and where it stands, "runtimeConfig.portMappings[0].hostPort". The path of the whole is
 * "".
 */
export interface Place {
  readonly at: string;
  readonly value: unknown;
}

/**
 * What `key` of an object is. Absent and null are the same, and a key in other case counts when there is none in the
 * right one: so Go's encoding/json reads, and so go-cni of containerd writes ("HostPort" where the convention says
 * "hostPort").
 */
export function field(of: Place, key: string): Place {
  const absent = of.value === undefined || of.value === null;
  const record = absent ? {} : object(of);
  const written = Object.hasOwn(record, key) ? key : (inOtherCase(record, key) ?? key);
  const at = of.at === '' ? quoted(written) : `${of.at}.${quoted(written)}`;
  return { at, value: Object.hasOwn(record, written) ? (record[written] ?? undefined) : undefined };
}

function inOtherCase(record: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const folded = key.toLowerCase();
  return Object.keys(record).find((other) => other.toLowerCase() === folded);
}

/** Whether there is a value. */
export function given(it: Place): boolean {
  return it.value !== undefined && it.value !== null;
}

/** The places of a list; none when it is absent. */
export function items(of: Place): readonly Place[] {
  if (!given(of)) return [];
  if (!Array.isArray(of.value)) throw wrong(of, 'a list');
  return of.value.map((value: unknown, i) => ({ at: `${of.at}[${i}]`, value }));
}

/** A text, or undefined when it is absent. */
export function text(of: Place): string | undefined {
  if (!given(of)) return undefined;
  if (typeof of.value !== 'string') throw wrong(of, 'a text');
  return of.value;
}

/** A text that must be there and say something. */
export function needText(of: Place): string {
  const value = text(of);
  if (value === undefined || value === '') throw new CniError('invalidConfig', `${of.at} is missing`);
  return value;
}

/** A list of texts; empty when it is absent. */
export function texts(of: Place): readonly string[] {
  return items(of).map((item) => {
    if (typeof item.value !== 'string') throw wrong(item, 'a text');
    return item.value;
  });
}

/** A whole number between two bounds, or undefined when it is absent. */
export function whole(of: Place, min: number, max: number): number | undefined {
  if (!given(of)) return undefined;
  const value = of.value;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw wrong(of, `a whole number from ${min} to ${max}`);
  return value;
}

/** True or false, or undefined when it is absent. */
export function truth(of: Place): boolean | undefined {
  if (!given(of)) return undefined;
  if (typeof of.value !== 'boolean') throw wrong(of, 'true or false');
  return of.value;
}

/** A text through a parser that throws RangeError ("not an IP address: x"); undefined when it is absent or empty. */
export function parsed<T>(of: Place, parse: (text: string) => T): T | undefined {
  const value = text(of);
  return value === undefined || value === '' ? undefined : parseOf(of, value, parse);
}

/** As `parsed`, for what must be there. */
export function needParsed<T>(of: Place, parse: (text: string) => T): T {
  return parseOf(of, needText(of), parse);
}

/** Throws CniError(invalidConfig) unless the value is an object. */
export function object(of: Place): Readonly<Record<string, unknown>> {
  if (typeof of.value !== 'object' || of.value === null || Array.isArray(of.value)) throw wrong(of, 'an object');
  return of.value as Readonly<Record<string, unknown>>;
}

/** The error for a value that is not what it should be. Long values are cut: an error is for reading. */
export function wrong(of: Place, expected: string): CniError {
  return new CniError('invalidConfig', `${of.at} is ${excerpt(of.value)}, not ${expected}`);
}

/** A value as JSON, at most 80 letters and four levels: what hostile depth would overflow the stack is cut. */
export function excerpt(value: unknown): string {
  const json = JSON.stringify(shallow(value, 4)) ?? 'absent';
  return json.length > 80 ? `${json.slice(0, 79)}…` : json;
}

function shallow(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return value.slice(0, 80);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, 10).map((item) => shallow(item, levels - 1));
  const entries = Object.entries(value).slice(0, 10);
  return Object.fromEntries(entries.map(([key, item]) => [key.slice(0, 80), shallow(item, levels - 1)]));
}

function parseOf<T>(of: Place, value: string, parse: (text: string) => T): T {
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CniError('invalidConfig', `${of.at}: ${error.message.slice(0, 200)}`, { cause: error });
  }
}

/** Keys with a dot or a slash ("cni.dev/valid-attachments") are put in brackets by most tools; here in quotes. */
function quoted(key: string): string {
  return /^[\w-]+$/.test(key) ? key : `"${key}"`;
}
