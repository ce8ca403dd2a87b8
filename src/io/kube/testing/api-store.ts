import type { FailureKind } from '../../../wire/kube/failure.ts';
import { type KubeObject, type Loose, loose, type Page, text } from '../../../wire/kube/object.ts';
import { apiVersionOf, type Place, type Resource, type Selection } from '../../../wire/kube/resource.ts';
import type { WatchEvent } from '../../../wire/kube/watch.ts';
import { type Condition, KubeError, type PageQuestion, type PatchKind } from '../client.ts';
import { at, leaves, merged, patched, put, strategic } from './fields.ts';

/** One change of one object, in the order of all. */
interface Entry {
  readonly version: number;
  readonly resource: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

type Managers = ReadonlyMap<string, string>; // who applied a field last, by its path

/** Kinds that no server has; all others it has at once. */
const UNSERVED: ReadonlySet<string> = new Set(['nothings']);

/**
 * What an API server keeps and promises, in memory and at once: versions, optimistic locking, server-side apply with
 * its conflicts, lists in pages of one moment, watches that go on from a version until that is forgotten. Nothing is
 * validated. Throws KubeError.
 */
export class ApiStore {
  #version = 1;
  #forgotten = 0; // versions up to this cannot be gone on from
  #uids = 0;
  readonly #objects = new Map<string, KubeObject>();
  readonly #managers = new Map<string, Managers>();
  #history: Entry[] = [];
  readonly #pages = new Map<string, { readonly version: number; readonly items: readonly KubeObject[] }>();
  readonly #hearers = new Set<(entry: Entry) => void>();
  readonly #now: () => string;

  /** `now`: what creationTimestamp says. */
  constructor(now: () => string = () => '2026-01-01T00:00:00Z') {
    this.#now = now;
  }

  list(of: Selection, { limit, more }: PageQuestion): Page {
    const begun = more === undefined ? undefined : this.#pages.get(more);
    if (more !== undefined && begun === undefined) throw refused('expired', 'the continue token is too old');
    const version = begun?.version ?? this.#version;
    const all =
      begun?.items ?? [...this.#objects].flatMap(([key, it]) => (isOf(key, of) && matches(it, of) ? [it] : []));
    const items = limit === 0 ? all : all.slice(0, limit);
    const rest = all.slice(items.length);
    if (rest.length === 0) return { items, resourceVersion: `${version}`, more: undefined };
    const token = `${version}.${rest.length}.${this.#pages.size}`;
    this.#pages.set(token, { version, items: rest });
    return { items, resourceVersion: `${version}`, more: token };
  }

  /** Calls back for all that happened since a version, at once, and for what happens from now on. Answers its end. */
  watch(of: Selection, since: string, hear: (event: WatchEvent) => void): () => void {
    const from = Number(since);
    if (from < this.#forgotten) throw refused('expired', `too old resource version: ${since} (${this.#forgotten})`);
    const tell = (entry: Entry) => {
      const event = entry.resource === nameOf(of.resource) ? eventOf(entry, of) : undefined;
      if (event !== undefined) hear(event);
    };
    for (const entry of this.#history) if (entry.version > from) tell(entry);
    this.#hearers.add(tell);
    return () => void this.#hearers.delete(tell);
  }

  get(place: Place): KubeObject {
    const found = this.#objects.get(keyOf(place));
    if (found === undefined)
      throw refused(
        UNSERVED.has(place.resource.plural) ? 'unserved' : 'absent',
        `${place.resource.plural} "${place.name}" not found`,
      );
    return found;
  }

  create(of: { readonly resource: Resource; readonly namespace?: string }, object: object): KubeObject {
    const name = text(loose(loose(object)['metadata'])['name']);
    const place = { ...of, name };
    if (this.#objects.has(keyOf(place))) throw refused('exists', `${of.resource.plural} "${name}" already exists`);
    return this.#write(place, loose(object));
  }

  replace(place: Place, object: object): KubeObject {
    const before = this.get(place);
    const { resourceVersion } = loose(loose(object)['metadata']);
    if (text(resourceVersion) !== '' && resourceVersion !== before.metadata.resourceVersion)
      throw refused('conflict', `the object has been modified; apply your changes to the latest version`);
    return this.#write(place, loose(object));
  }

  patch(place: Place, kind: PatchKind, patch: object): KubeObject {
    const before = this.get(place);
    const after =
      kind === 'json'
        ? patched(before, patch as readonly Loose[])
        : loose(kind === 'merge' ? merged(before, patch) : strategic(before, patch));
    if (after === undefined) throw refused('invalid', 'the server rejected our request due to an error in our request');
    const { resourceVersion } = loose(loose(kind === 'json' ? {} : patch)['metadata']);
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw refused('conflict', `the object has been modified; apply your changes to the latest version`);
    return this.#write(place, after);
  }

  apply(place: Place, object: object, { manager, force }: { readonly manager: string; readonly force: boolean }) {
    const key = keyOf(place);
    const before = place.part === undefined ? this.#objects.get(key) : this.get(place); // a part is of what is there
    const managers = this.#managers.get(key) ?? new Map<string, string>();
    const { metadata, ...body } = loose(object);
    const { name: _, namespace: __, ...meta } = loose(metadata);
    const wanted = leaves({ ...body, metadata: meta });
    let after: Loose = before ?? {};
    for (const [path, value] of wanted) {
      const keys = JSON.parse(path) as string[];
      const other = managers.get(path);
      const same = JSON.stringify(at(after, keys)) === JSON.stringify(value);
      if (other !== undefined && other !== manager && !same && !force)
        throw refused('conflict', `Apply failed with 1 conflict: conflict with "${other}": .${keys.join('.')}`);
      after = put(after, keys, value);
    }
    const mine = [...managers].filter(([, who]) => who === manager).map(([path]) => path);
    const left = mine.filter((path) => !wanted.has(path));
    for (const path of left) after = put(after, JSON.parse(path) as string[], undefined);
    const kept = [...managers].filter(([path]) => !left.includes(path));
    this.#managers.set(key, new Map([...kept, ...[...wanted.keys()].map((path) => [path, manager] as const)]));
    return this.#write(place, after);
  }

  /** Absent = success. */
  remove(place: Place, only: Condition = {}): void {
    const key = keyOf(place);
    const before = this.#objects.get(key);
    if (before === undefined) return;
    const { uid, resourceVersion } = before.metadata;
    if ((only.uid ?? uid) !== uid || (only.resourceVersion ?? resourceVersion) !== resourceVersion)
      throw refused('conflict', 'the precondition of the deletion does not hold');
    this.#version += 1;
    this.#objects.delete(key);
    this.#managers.delete(key);
    // what goes is told with the version of its going
    const after = { ...before, metadata: { ...before.metadata, resourceVersion: `${this.#version}` } };
    this.#note({ version: this.#version, resource: nameOf(place.resource), before: after, after: undefined });
  }

  /** All that happened so far can no longer be gone on from, as after five minutes. */
  forget(): void {
    this.#forgotten = this.#version;
    this.#history = [];
    this.#pages.clear();
  }

  /** What is there, from now on apart from this one. Nobody watches it, and nothing can be gone on from. */
  clone(): ApiStore {
    const copy = new ApiStore(this.#now);
    copy.#version = this.#version;
    copy.#forgotten = this.#version;
    copy.#uids = this.#uids;
    for (const [key, object] of this.#objects) copy.#objects.set(key, object);
    for (const [key, managers] of this.#managers) copy.#managers.set(key, managers);
    return copy;
  }

  /** Up to where everything was told. */
  get version(): string {
    return `${this.#version}`;
  }

  #write(place: Place, object: Loose): KubeObject {
    const key = keyOf(place);
    const before = this.#objects.get(key);
    const { metadata, status, ...body } = object;
    const known = before?.metadata ?? { uid: `uid-${++this.#uids}`, creationTimestamp: this.#now() };
    const { uid, creationTimestamp } = known as Loose;
    const own = place.namespace === undefined ? { name: place.name } : { name: place.name, namespace: place.namespace };
    const draft = (version: string) =>
      ({
        ...(place.part === undefined ? body : before),
        ...(status === undefined ? {} : { status }),
        apiVersion: apiVersionOf(place.resource),
        kind: place.resource.kind,
        metadata: { ...loose(metadata), ...own, uid, creationTimestamp, resourceVersion: version },
      }) as KubeObject;
    if (before !== undefined && same(draft(before.metadata.resourceVersion), before)) return before;
    this.#version += 1;
    const after = draft(`${this.#version}`);
    this.#objects.set(key, after);
    this.#note({ version: this.#version, resource: nameOf(place.resource), before, after });
    return after;
  }

  #note(entry: Entry): void {
    this.#history.push(entry);
    for (const hear of [...this.#hearers]) hear(entry);
  }
}

/** The event that one watcher sees: an object that leaves its selection goes, for it. */
function eventOf({ before, after }: Entry, of: Selection): WatchEvent | undefined {
  const was = before !== undefined && matches(before, of);
  const is = after !== undefined && matches(after, of);
  if (is) return { kind: was ? 'changed' : 'added', object: after };
  if (!was) return undefined;
  const { resourceVersion } = (after ?? before).metadata;
  return { kind: 'removed', object: { ...before, metadata: { ...before.metadata, resourceVersion } } };
}

function matches(object: KubeObject, { namespace, fields = '', labels = '' }: Selection): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  const has = (selector: string, valueOf: (key: string) => unknown) =>
    selector
      .split(',')
      .filter((it) => it !== '')
      .every((it) => {
        const [key = '', value = ''] = it.split(/==?/);
        return (valueOf(key) ?? '') === value;
      });
  return (
    has(fields, (path) => at(object, path.split('.'))) && has(labels, (key) => loose(object.metadata['labels'])[key])
  );
}

function same(a: Loose, b: Loose): boolean {
  const [one, other] = [leaves(a), leaves(b)];
  return (
    one.size === other.size &&
    [...one].every(([path, value]) => JSON.stringify(value) === JSON.stringify(other.get(path)))
  );
}

function refused(kind: FailureKind, message: string): KubeError {
  return new KubeError(kind, message);
}

function nameOf({ group, plural }: Resource): string {
  return `${group}/${plural}`;
}

function keyOf({ resource, namespace = '', name }: Place): string {
  return `${nameOf(resource)}|${namespace}|${name}`;
}

function isOf(key: string, { resource }: Selection): boolean {
  return key.startsWith(`${nameOf(resource)}|`);
}
