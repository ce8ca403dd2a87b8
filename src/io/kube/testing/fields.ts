import { type Loose, loose } from '../../../wire/kube/object.ts';

// Objects by their fields: what patches and server-side apply are about. Lists are one value, as where the API marks
// them atomic.

/** Paths of all values that are no mappings, written as JSON. */
export function leaves(value: unknown, path: readonly string[] = []): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[JSON.stringify(path), value]]);
  return new Map(Object.entries(value).flatMap(([key, it]) => [...leaves(it, [...path, key])]));
}

/** RFC 7386. */
export function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...loose(target) };
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  return result;
}

/** Lists that the API merges by a key of their entries ("patchMergeKey"), among those patched here; not taints. */
const MERGED_BY: Readonly<Record<string, string>> = { conditions: 'type' };

/** A strategic merge patch: as `merged`, and in some lists entry by entry. */
export function strategic(target: unknown, patch: unknown, name = ''): unknown {
  const by = MERGED_BY[name];
  if (by !== undefined && Array.isArray(patch)) return mergedList(target, patch as readonly Loose[], by);
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...loose(target) };
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = strategic(result[key], value, key);
  return result;
}

function mergedList(target: unknown, patch: readonly Loose[], by: string): readonly unknown[] {
  let list: readonly unknown[] = Array.isArray(target) ? target : [];
  for (const entry of patch) {
    const isIt = (it: unknown) => loose(it)[by] === entry[by];
    if (list.some(isIt)) list = list.map((it) => (isIt(it) ? merged(it, entry) : it));
    else list = [...list, entry];
  }
  return list;
}

/** RFC 6902, as far as tests go: add, replace, remove and test by paths of mappings. */
export function patched(target: Loose, operations: readonly Loose[]): Loose | undefined {
  let result: Loose | undefined = target;
  for (const { op, path, value } of operations) {
    const keys = String(path)
      .split('/')
      .slice(1)
      .map((it) => it.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (result === undefined) return undefined;
    const there = at(result, keys);
    if (op === 'test' && JSON.stringify(there) !== JSON.stringify(value)) return undefined;
    if (op !== 'add' && there === undefined) return undefined;
    if (op !== 'test') result = put(result, keys, op === 'remove' ? undefined : value);
  }
  return result;
}

/** The value at a path. */
export function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((it, key) => loose(it)[key], value);
}

/** The mapping with a value at a path; undefined takes it away. */
export function put(value: Loose, [key, ...rest]: readonly string[], to: unknown): Loose {
  if (key === undefined) return value;
  const { [key]: before, ...others } = value;
  const after = rest.length === 0 ? to : put(loose(before), rest, to);
  return after === undefined ? others : { ...others, [key]: after };
}
