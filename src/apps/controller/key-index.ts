import type { Source } from './source.ts';

const NONE: ReadonlySet<string> = new Set();

/** The keys of a source's objects by a word that their values have: found at once, however many there are. */
export class KeyIndex<T> {
  readonly #byWord = new Map<string, Set<string>>();

  /** `wordOf`: '' is not looked for. Made before whoever relies on it hears of changes. */
  constructor(source: Source<T>, wordOf: (value: T) => string) {
    source.hear((change) => {
      if (change.kind !== 'added') this.#drop(wordOf(change.before), change.key);
      if (change.kind !== 'removed') this.#put(wordOf(change.now), change.key);
    });
  }

  keys(word: string): ReadonlySet<string> {
    return this.#byWord.get(word) ?? NONE;
  }

  #put(word: string, key: string): void {
    if (word === '') return;
    const keys = this.#byWord.get(word) ?? new Set();
    this.#byWord.set(word, keys.add(key));
  }

  #drop(word: string, key: string): void {
    const keys = this.#byWord.get(word);
    if (keys?.delete(key) === true && keys.size === 0) this.#byWord.delete(word);
  }
}
