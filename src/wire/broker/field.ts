import { address, type Address, prefix, type Prefix } from '../../base/ip.ts';

// How messages between agents and the controller are read: every field that is relied on is looked at.

/** A message that is not what it should be, by the field that is not. */
export class MessageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MessageError';
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** What a text of JSON holds. Throws MessageError. */
export function fieldsOf(text: string): Fields {
  try {
    return mapping(JSON.parse(text), 'the message');
  } catch (error) {
    if (error instanceof MessageError) throw error;
    throw new MessageError(`the message is no JSON: ${text.slice(0, 80)}`);
  }
}

export function mapping(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MessageError(`${name}: no mapping`);
  return value as Fields;
}

export function listOf<T>(value: unknown, name: string, read: (one: unknown, name: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw new MessageError(`${name}: no list`);
  return value.map((one, i) => read(one, `${name}[${i}]`));
}

export function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new MessageError(`${name}: no text`);
  return value;
}

export function flag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw new MessageError(`${name}: neither true nor false`);
  return value;
}

/** A whole number that is not negative. */
export function count(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new MessageError(`${name}: no whole number`);
  return value;
}

export function oneOf<T extends string>(words: readonly T[]): (value: unknown, name: string) => T {
  return (value, name) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw new MessageError(`${name}: none of ${words.join(', ')}`);
    return found;
  };
}

/** What may be absent, under its own name. */
export function given<K extends string, T>(
  key: K,
  fields: Fields,
  read: (value: unknown, name: string) => T,
): { readonly [P in K]?: T } {
  const value = fields[key];
  return (value === undefined ? {} : { [key]: read(value, key) }) as { readonly [P in K]?: T };
}

export function addressField(value: unknown, name: string): Address {
  return parsed(address, text(value, name), name);
}

export function prefixField(value: unknown, name: string): Prefix {
  return parsed(prefix, text(value, name), name);
}

/** An address, or a range of them. */
export function holdable(value: unknown, name: string): Address | Prefix {
  const it = text(value, name);
  return it.includes('/') ? parsed(prefix, it, name) : parsed(address, it, name);
}

/** What a parser of `base` throws is the field's fault. */
export function parsed<T>(parse: (text: string) => T, it: string, name: string): T {
  try {
    return parse(it);
  } catch (error) {
    if (error instanceof RangeError) throw new MessageError(`${name}: ${error.message}`);
    throw error;
  }
}
