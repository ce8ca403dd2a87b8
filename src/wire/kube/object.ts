/** An answer of the API server, or a file about it, that is not what it should be. */
export class ShapeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ShapeError';
  }
}

/** JSON of which nothing is known yet. */
export type Loose = Readonly<Record<string, unknown>>;

/** What every object says of itself: ObjectMeta. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly [more: string]: unknown;
}

/** An object of the API as it came. */
export type KubeObject = Loose & { readonly metadata: Metadata };

/** One page of a list. */
export interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string; //     of the list: a watch goes on from it
  readonly more: string | undefined; //    asks for the next page; undefined: this was the last
}

/** One object, checked as far as everybody relies on it. Throws ShapeError. */
export function readObject(value: unknown): KubeObject {
  const { metadata } = loose(value);
  const { name, uid, resourceVersion } = loose(metadata);
  if (typeof name !== 'string' || name === '') throw new ShapeError('an object without metadata.name');
  const meta = { ...loose(metadata), name, uid: text(uid), resourceVersion: text(resourceVersion) };
  return { ...loose(value), metadata: meta };
}

/** A page of a list. Throws ShapeError. */
export function readPage(value: unknown): Page {
  const { metadata, items } = loose(value);
  const { resourceVersion, continue: more } = loose(metadata);
  if (typeof resourceVersion !== 'string') throw new ShapeError('a list without metadata.resourceVersion');
  const listed = Array.isArray(items) ? items : [];
  return { items: listed.map(readObject), resourceVersion, more: text(more) === '' ? undefined : text(more) };
}

/** The value where it is a mapping, else an empty one. */
export function loose(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

/** The entries of a list that are mappings. */
export function looseList(value: unknown): readonly Loose[] {
  return Array.isArray(value) ? value.filter((it) => typeof it === 'object' && it !== null) : [];
}

/** The texts of a list. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((it) => typeof it === 'string') : [];
}

/** Those fields of a mapping that are texts: labels. */
export function textsByName(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(loose(value)).filter((it): it is [string, string] => typeof it[1] === 'string'),
  );
}

/** The value where it is a text, else ''. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
