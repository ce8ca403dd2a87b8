import type { SortedMap } from '../../src/base/sorted-map.ts';
import type { Id } from './nouns.ts';

/** Things by their id. */
export type Table<T> = SortedMap<Id, T>;
