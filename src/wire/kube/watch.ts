import { type Failure, readFailure } from './failure.ts';
import { type KubeObject, loose, readObject, ShapeError, text } from './object.ts';

/** What a watch tells: Kubernetes API Concepts, "Efficient detection of changes" and "Watch bookmarks". */
export type WatchEvent =
  | { readonly kind: 'added' | 'changed' | 'removed'; readonly object: KubeObject }
  /** Nothing happened up to here: a watch may go on from it. */
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  /** The watch ends. */
  | { readonly kind: 'failed'; readonly failure: Failure };

const KINDS: Readonly<Record<string, 'added' | 'changed' | 'removed'>> = {
  ADDED: 'added',
  MODIFIED: 'changed',
  DELETED: 'removed',
};

/** One line of a watch. Throws ShapeError. */
export function readWatchLine(line: string): WatchEvent {
  const { type, object } = loose(parsed(line));
  const kind = KINDS[text(type)];
  if (kind !== undefined) return { kind, object: readObject(object) };
  if (type === 'ERROR') return { kind: 'failed', failure: readFailure(object, { code: 500 }) };
  const { resourceVersion } = loose(loose(object)['metadata']);
  if (type === 'BOOKMARK' && typeof resourceVersion === 'string') return { kind: 'bookmark', resourceVersion };
  throw new ShapeError(`a watch told something unknown: ${line.slice(0, 100)}`);
}

/** Cuts what has come so far into lines; the rest waits for its end. */
export function cutLines(rest: string, more: string): { readonly lines: readonly string[]; readonly rest: string } {
  const pieces = more.split('\n');
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return { lines: [], rest: rest + first };
  return { lines: [rest + first, ...others].filter((line) => line !== ''), rest: last };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ShapeError(`a watch told what is no JSON: ${line.slice(0, 100)}`);
  }
}
