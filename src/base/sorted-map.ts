/** Less than 0: `a` comes first. 0: the same key. */
export type Compare<K> = (a: K, b: K) => number;

/** The order of code units: the same on every machine, unlike a locale's. */
export const byText: Compare<string> = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
export const byNumber: Compare<number> = (a, b) => a - b;

interface Node<K, V> {
  readonly key: K;
  readonly value: V;
  readonly left: Tree<K, V>;
  readonly right: Tree<K, V>;
  readonly size: number;
}
type Tree<K, V> = Node<K, V> | undefined;

/**
 * A map that never changes: `set` and `delete` return another one that shares all but a path of it, in O(log n).
 * Iterates in the order of its keys. A weight-balanced tree with the factors 3 and 2 (Hirai and Yamamoto, "Balancing
 * weight-balanced trees", 2011).
 */
export class SortedMap<K, V> implements ReadonlyMap<K, V> {
  private readonly compare: Compare<K>;
  private readonly root: Tree<K, V>;

  private constructor(compare: Compare<K>, root: Tree<K, V>) {
    this.compare = compare;
    this.root = root;
  }

  static empty<K, V>(compare: Compare<K>): SortedMap<K, V> {
    return new SortedMap(compare, undefined);
  }

  get size(): number {
    return sizeOf(this.root);
  }

  get(key: K): V | undefined {
    return find(this.root, key, this.compare)?.value;
  }

  has(key: K): boolean {
    return find(this.root, key, this.compare) !== undefined;
  }

  set(key: K, value: V): SortedMap<K, V> {
    return new SortedMap(this.compare, inserted(this.root, { key, value }, this.compare));
  }

  /** Without the key. The same map when it has no such key. */
  delete(key: K): SortedMap<K, V> {
    const root = removed(this.root, key, this.compare);
    return root === this.root ? this : new SortedMap(this.compare, root);
  }

  /** The least key and its value. */
  first(): readonly [K, V] | undefined {
    let at = this.root;
    while (at?.left !== undefined) at = at.left;
    return at === undefined ? undefined : [at.key, at.value];
  }

  /** How many keys come before this one, which need not be in the map. O(log n). */
  countBefore(key: K): number {
    let count = 0;
    for (let at = this.root; at !== undefined; ) {
      const below = this.compare(at.key, key) < 0;
      if (below) count += sizeOf(at.left) + 1;
      at = below ? at.right : at.left;
    }
    return count;
  }

  /** The entries from a key on, which need not be in the map. The first of them costs O(log n). */
  *from(key: K): Generator<[K, V], undefined> {
    const above: Node<K, V>[] = [];
    for (let at = this.root; at !== undefined; ) {
      const before = this.compare(at.key, key) < 0;
      if (!before) above.push(at);
      at = before ? at.right : at.left;
    }
    for (let next = above.pop(); next !== undefined; next = above.pop()) {
      yield [next.key, next.value];
      for (let at = next.right; at !== undefined; at = at.left) above.push(at);
    }
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }

  *entries(): MapIterator<[K, V]> {
    for (const { key, value } of nodes(this.root)) yield [key, value];
  }

  *keys(): MapIterator<K> {
    for (const { key } of nodes(this.root)) yield key;
  }

  *values(): MapIterator<V> {
    for (const { value } of nodes(this.root)) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}

function* nodes<K, V>(root: Tree<K, V>): Generator<Node<K, V>, undefined> {
  const above: Node<K, V>[] = [];
  for (let at = root; at !== undefined || above.length > 0; ) {
    for (; at !== undefined; at = at.left) above.push(at);
    const next = above.pop();
    if (next === undefined) return;
    yield next;
    at = next.right;
  }
}

function sizeOf(tree: Tree<unknown, unknown>): number {
  return tree === undefined ? 0 : tree.size;
}

function find<K, V>(root: Tree<K, V>, key: K, compare: Compare<K>): Tree<K, V> {
  let at = root;
  while (at !== undefined) {
    const order = compare(key, at.key);
    if (order === 0) return at;
    at = order < 0 ? at.left : at.right;
  }
  return undefined;
}

type Entry<K, V> = Pick<Node<K, V>, 'key' | 'value'>;

function inserted<K, V>(tree: Tree<K, V>, entry: Entry<K, V>, compare: Compare<K>): Node<K, V> {
  if (tree === undefined) return joined(entry, undefined, undefined);
  const order = compare(entry.key, tree.key);
  if (order === 0) return joined(entry, tree.left, tree.right);
  if (order < 0) return balanced(tree, inserted(tree.left, entry, compare), tree.right);
  return balanced(tree, tree.left, inserted(tree.right, entry, compare));
}

function removed<K, V>(tree: Tree<K, V>, key: K, compare: Compare<K>): Tree<K, V> {
  if (tree === undefined) return undefined;
  const order = compare(key, tree.key);
  if (order === 0) return merged(tree.left, tree.right);
  const left = order < 0 ? removed(tree.left, key, compare) : tree.left;
  const right = order > 0 ? removed(tree.right, key, compare) : tree.right;
  return left === tree.left && right === tree.right ? tree : balanced(tree, left, right);
}

/** Both sides of an entry that went: all of `left` comes before all of `right`. */
function merged<K, V>(left: Tree<K, V>, right: Tree<K, V>): Tree<K, V> {
  if (left === undefined) return right;
  if (right === undefined) return left;
  let least = right;
  while (least.left !== undefined) least = least.left;
  return balanced(least, left, withoutLeast(right));
}

function withoutLeast<K, V>(tree: Node<K, V>): Tree<K, V> {
  return tree.left === undefined ? tree.right : balanced(tree, withoutLeast(tree.left), tree.right);
}

function joined<K, V>({ key, value }: Entry<K, V>, left: Tree<K, V>, right: Tree<K, V>): Node<K, V> {
  return { key, value, left, right, size: sizeOf(left) + sizeOf(right) + 1 };
}

/** Joins two sides of which one grew or shrank by one: neither may weigh more than three times the other. */
function balanced<K, V>(entry: Entry<K, V>, left: Tree<K, V>, right: Tree<K, V>): Node<K, V> {
  if (left !== undefined && weight(left) > 3 * weight(right)) {
    if (left.right === undefined || weight(left.right) < 2 * weight(left.left))
      return joined(left, left.left, joined(entry, left.right, right));
    const top = left.right;
    return joined(top, joined(left, left.left, top.left), joined(entry, top.right, right));
  }
  if (right !== undefined && weight(right) > 3 * weight(left)) {
    if (right.left === undefined || weight(right.left) < 2 * weight(right.right))
      return joined(right, joined(entry, left, right.left), right.right);
    const top = right.left;
    return joined(top, joined(entry, left, top.left), joined(right, top.right, right.right));
  }
  return joined(entry, left, right);
}

/** One more than the size: an empty side weighs something too. */
function weight(tree: Tree<unknown, unknown>): number {
  return sizeOf(tree) + 1;
}
