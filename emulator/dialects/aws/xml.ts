import type { Brand } from '../../../src/base/brand.ts';
import type { Millis } from '../../../src/base/clock.ts';

// Elements as text. EC2's answers have no attributes but the namespace of the root, and no mixed content.

/** Text that is well-formed: whole elements, or nothing. */
export type Xml = Brand<string, 'Xml'>;

export const NOTHING = '' as Xml;

/** `<name>` with elements in it; none of them: `<name/>`. */
export function element(name: string, ...parts: readonly Xml[]): Xml {
  const inside = together(...parts);
  return (inside === '' ? `<${name}/>` : `<${name}>${inside}</${name}>`) as Xml;
}

/** `<name>` with a value in it. A value that is not there has no element. */
export function leaf(name: string, value: string | number | boolean | undefined): Xml {
  if (value === undefined) return NOTHING;
  if (typeof value !== 'string') return `<${name}>${value}</${name}>` as Xml;
  return (value === '' ? `<${name}/>` : `<${name}>${escaped(value)}</${name}>`) as Xml;
}

/** `<name>` with an `<item>` for each; `write` answers what is inside of one. */
export function items<T>(name: string, all: Iterable<T>, write: (it: T) => Xml): Xml {
  let inside = '';
  for (const it of all) inside += `<item>${write(it)}</item>`;
  return (inside === '' ? `<${name}/>` : `<${name}>${inside}</${name}>`) as Xml;
}

/** Elements one after the other. */
export function together(...parts: readonly Xml[]): Xml {
  let all = '';
  for (const part of parts) all += part; // a third of the time of join: pages have ten thousand elements
  return all as Xml;
}

/** When, as EC2 writes it: "2026-11-21T09:30:00.000Z". */
export function time(name: string, at: Millis): Xml {
  return leaf(name, new Date(at).toISOString());
}

/** Letters that mean something in XML, and those that may not be in it at all (XML 1.0, 2.2), which are dropped. */
export function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(SPECIALS, (letter) => ESCAPES[letter] ?? '');
}

const SPECIAL = /[&<>"'\ufffe\uffff]|[^\u0020-\uffff]/;
const SPECIALS = /[&<>"'\ufffe\uffff]|[^\u0020-\uffff]/g;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '\t',
  '\n': '\n',
  '\r': '&#13;', // alone it would be read as a new line
};
