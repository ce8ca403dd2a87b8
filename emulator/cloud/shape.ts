// Decoders of JSON: each is total. It returns what it says, or throws a SnapshotError that names the place.

/** A snapshot that cannot be loaded: where, and why. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

/** Makes a value of what JSON says, or throws SnapshotError. `at`: where it stands, "nics[3].mac". */
export type Decoder<T> = (json: unknown, at: string) => T;

/** Any text. */
export const text: Decoder<string> = (json, at) =>
  typeof json === 'string' ? json : fail(at, 'a text is wanted', json);

/** A finite number. */
export const number: Decoder<number> = (json, at) =>
  typeof json === 'number' && Number.isFinite(json) ? json : fail(at, 'a number is wanted', json);

/** True or false. */
export const flag: Decoder<boolean> = (json, at) =>
  typeof json === 'boolean' ? json : fail(at, 'true or false is wanted', json);

/** A text that a parser takes and leaves as it is: its RangeError becomes ours. */
export function parsed<T extends string>(parse: (text: string) => T): Decoder<T> {
  return (json, at) => {
    const given = text(json, at);
    try {
      const value = parse(given);
      return value === given ? value : fail(at, `${value} is wanted`, json);
    } catch (cause) {
      return fail(at, cause instanceof Error ? cause.message : String(cause), json);
    }
  };
}

/** A text that is nothing but a name. */
export function named<T extends string>(): Decoder<T> {
  return (json, at) => text(json, at) as T;
}

/** One of these. */
export function either<const T extends readonly (string | number)[]>(...values: T): Decoder<T[number]> {
  return (json, at) => {
    const value = values.find((it) => it === json);
    return value ?? fail(at, `one of ${values.join(', ')} is wanted`, json);
  };
}

/** The first decoder that takes it. */
export function oneOf<A, B>(first: Decoder<A>, second: Decoder<B>): Decoder<A | B> {
  return (json, at) => {
    try {
      return first(json, at);
    } catch {
      return second(json, at);
    }
  };
}

/** A list, every item of it. */
export function list<T>(item: Decoder<T>): Decoder<readonly T[]> {
  return (json, at) => {
    if (!Array.isArray(json)) return fail(at, 'a list is wanted', json);
    return json.map((it, i) => item(it, `${at}[${i}]`));
  };
}

/** Texts by name. */
export const texts: Decoder<Readonly<Record<string, string>>> = (json, at) => {
  const entries = Object.entries(record(json, at));
  return Object.fromEntries(entries.map(([key, value]) => [key, text(value, `${at}.${key}`)]));
};

/** A pair. */
export function pair<A, B>(first: Decoder<A>, second: Decoder<B>): Decoder<readonly [A, B]> {
  return (json, at) => {
    if (!Array.isArray(json) || json.length !== 2) return fail(at, 'a pair is wanted', json);
    return [first(json[0], `${at}[0]`), second(json[1], `${at}[1]`)];
  };
}

/** A decoder of a field that may be absent. */
export interface Optional<T> {
  readonly optional: Decoder<T>;
}

/** A field that may be absent; then it is absent in the value too. */
export function maybe<T>(decoder: Decoder<T>): Optional<T> {
  return { optional: decoder };
}

type Fields<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Decoder<T[K]>;
};

/** Exactly these fields: one more is a fault too, lest a newer format is half read. */
export function object<T>(fields: Fields<T>): Decoder<T> {
  const known = Object.entries(fields) as [string, Decoder<unknown> | Optional<unknown>][];
  return (json, at) => {
    const given = record(json, at);
    const value: Record<string, unknown> = {};
    for (const [key, field] of known) {
      const decoder = 'optional' in field ? field.optional : field;
      if (!(key in given) && 'optional' in field) continue;
      value[key] = decoder(given[key], `${at}.${key}`);
    }
    const odd = Object.keys(given).find((key) => !(key in fields));
    return odd === undefined ? (value as T) : fail(`${at}.${odd}`, 'nothing of this name is known', given[odd]);
  };
}

/** One of several objects, told apart by the text of one field. */
export function tagged<T>(tag: string, cases: Readonly<Record<string, Decoder<T>>>): Decoder<T> {
  return (json, at) => {
    const kind = text(record(json, at)[tag], `${at}.${tag}`);
    const decoder = Object.hasOwn(cases, kind) ? cases[kind] : undefined;
    return decoder === undefined
      ? fail(`${at}.${tag}`, `one of ${Object.keys(cases).join(', ')} is wanted`, kind)
      : decoder(json, at);
  };
}

function record(json: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail(at, 'an object is wanted', json);
  return json as Readonly<Record<string, unknown>>;
}

function fail(at: string, why: string, json: unknown): never {
  const shown = JSON.stringify(json) ?? 'nothing';
  throw new SnapshotError(`${at}: ${why}, not ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}`);
}
