// Distinguished Encoding Rules, as far as a certificate needs them: ITU-T X.690, sections 8 and 10.

/** One value: its tag, how long it is, and what is in it. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = joined(parts);
  return joined([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

export const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
export const setOf = (part: Uint8Array) => der(0x31, part);
export const octets = (bytes: Uint8Array) => der(0x04, bytes);
export const yes = der(0x01, Uint8Array.of(0xff));

/** Constructed and of the context: "[n] EXPLICIT". */
export const explicit = (n: number, part: Uint8Array) => der(0xa0 + n, part);

/** Whole bytes, none of them unused. */
export const bits = (bytes: Uint8Array) => der(0x03, Uint8Array.of(0), bytes);

/** A number that is not negative, by its bytes, the highest first. */
export function unsigned(bytes: Uint8Array): Uint8Array {
  const from = bytes.findIndex((byte) => byte !== 0);
  const short = from === -1 ? Uint8Array.of(0) : bytes.subarray(from);
  return (short[0] ?? 0) < 0x80 ? der(0x02, short) : der(0x02, Uint8Array.of(0), short);
}

/** An object identifier: "1.2.840.10045.4.3.2". */
export function identifier(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return der(0x06, Uint8Array.from([40 * first + second, ...rest].flatMap(inSevens)));
}

function inSevens(number: number): readonly number[] {
  const digits = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128))
    digits.unshift(0x80 + (rest % 128));
  return digits;
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 + bytes.length, ...bytes];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
