import type { IncomingMessage } from 'node:http';
import type { Millis } from '../../base/clock.ts';
import { type Page, readObject, readPage, ShapeError } from '../../wire/kube/object.ts';
import { collectionPath, objectPath, type Place, queryText, type Selection } from '../../wire/kube/resource.ts';
import { cutLines, readWatchLine, type WatchEvent } from '../../wire/kube/watch.ts';
import type { AccessSource } from './access.ts';
import {
  type Condition,
  type KubeClient,
  KubeError,
  type PageQuestion,
  type PatchKind,
  type WatchQuestion,
} from './client.ts';
import { type Asking, told, Transport } from './transport.ts';

const CALL_MS: Millis = 15_000;
const LIST_MS: Millis = 60_000;
/** A server that keeps a watch sends a bookmark a minute: without a word for so long something between us is dead. */
const WATCH_IDLE_MS: Millis = 180_000;

const PATCHES: Readonly<Record<PatchKind | 'apply', string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml', // JSON is YAML
};

/** The API server behind `source`. Nothing is asked before the first call. */
export function httpClient(source: AccessSource): KubeClient {
  const transport = new Transport(source);
  const object = async (asking: Asking) => shaped(asking, readObject, await transport.json(asking));
  const write = (method: 'POST' | 'PUT' | 'PATCH', path: string, body: object, type = 'application/json') =>
    object({ method, path, body: { type, text: JSON.stringify(body) }, timeoutMs: CALL_MS });
  return {
    list: async (of, page) => {
      const asking: Asking = { method: 'GET', path: listPath(of, page), timeoutMs: LIST_MS };
      return shaped<Page>(asking, readPage, await transport.json(asking));
    },
    watch: (of, from, hear, signal) => watch(transport, { path: watchPath(of, from), signal }, hear),
    get: (at) => object({ method: 'GET', path: objectPath(at), timeoutMs: CALL_MS }),
    create: (of, it) => write('POST', collectionPath(of), it),
    replace: (at, it) => write('PUT', objectPath(at), it),
    patch: (at, kind, it) => write('PATCH', objectPath(at), it, PATCHES[kind]),
    apply: (at, it, { manager, force }) => {
      const query = queryText({ fieldManager: manager, force: force || undefined });
      return write('PATCH', `${objectPath(at)}?${query}`, it, PATCHES.apply);
    },
    remove: (at, only) => remove(transport, at, only),
    close: () => transport.close(),
  };
}

async function remove(transport: Transport, at: Place, only?: Condition): Promise<void> {
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: only };
  const body = { type: 'application/json', text: JSON.stringify(options) };
  const asking: Asking = { method: 'DELETE', path: objectPath(at), timeoutMs: CALL_MS };
  try {
    await transport.json(only === undefined ? asking : { ...asking, body });
  } catch (error) {
    if (!(error instanceof KubeError) || error.kind !== 'absent') throw error;
  }
}

async function watch(
  transport: Transport,
  of: { readonly path: string; readonly signal: AbortSignal },
  hear: (event: WatchEvent) => void,
): Promise<void> {
  const asking: Asking = { method: 'GET', ...of, timeoutMs: WATCH_IDLE_MS };
  try {
    await readLines(await transport.open(asking), (line) => {
      if (of.signal.aborted) return; // what came together with what was enough
      const event = shaped(asking, readWatchLine, line);
      if (event.kind !== 'failed') return hear(event);
      const { kind, message, retryAfterMs } = event.failure;
      throw new KubeError(kind, `${told(asking)}: ${message}`, { retryAfterMs });
    });
  } catch (error) {
    if (of.signal.aborted) return;
    // what the connection throws has a code; what else is thrown is a defect of whoever hears
    if (error instanceof KubeError || !(error instanceof Error && 'code' in error)) throw error;
    throw new KubeError('unreachable', `${told(asking)}: the watch broke off: ${error.message}`, { cause: error });
  }
}

async function readLines(answer: IncomingMessage, hear: (line: string) => void): Promise<void> {
  let rest = '';
  try {
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      const cut = cutLines(rest, chunk);
      rest = cut.rest;
      for (const line of cut.lines) hear(line);
    }
  } finally {
    answer.destroy();
  }
}

function listPath(of: Selection, { limit, more }: PageQuestion): string {
  const query = queryText({ ...selectors(of), limit: limit === 0 ? undefined : limit, continue: more });
  return query === '' ? collectionPath(of) : `${collectionPath(of)}?${query}`;
}

function watchPath(of: Selection, { resourceVersion, seconds }: WatchQuestion): string {
  const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds: seconds };
  return `${collectionPath(of)}?${queryText({ ...query, ...selectors(of) })}`;
}

function selectors({ fields, labels }: Selection) {
  return { fieldSelector: fields, labelSelector: labels };
}

function shaped<T>(asking: Asking, read: (value: never) => T, value: unknown): T {
  try {
    return read(value as never);
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new KubeError('garbled', `${told(asking)}: ${cause.message}`, { cause });
  }
}
