import { readFileSync } from 'node:fs';
import { loose, looseList, text, texts } from '../../src/wire/kube/object.ts';

/** A request that the API server has heard of, as its audit log tells it. */
export interface Call {
  readonly what: string; // "watch nodes"
  readonly from: string; // the caller's address
  readonly atMs: number; // since the epoch
}

/** The calls of a log of audit.k8s.io/v1, one JSON document a line, that began from a moment on. */
export function callsIn(log: string, sinceMs = 0): readonly Call[] {
  const events = looseList(
    log
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown),
  );
  return events.map(call).filter(({ atMs }) => atMs >= sinceMs);
}

function call(event: Readonly<Record<string, unknown>>): Call {
  const about = loose(event['objectRef']);
  const part = text(about['subresource']);
  const what = `${text(event['verb'])} ${text(about['resource'])}${part === '' ? '' : `/${part}`}`;
  return {
    what,
    from: texts(event['sourceIPs'])[0] ?? '',
    atMs: Date.parse(text(event['requestReceivedTimestamp'])),
  };
}

/** How many there are of each. */
export function counted(calls: readonly Call[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { what } of calls) counts.set(what, (counts.get(what) ?? 0) + 1);
  return counts;
}

/** The same of a file. */
export function callsOf(file: string, sinceMs = 0): readonly Call[] {
  return callsIn(readFileSync(file, 'utf8'), sinceMs);
}
