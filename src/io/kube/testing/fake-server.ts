import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { FailureKind } from '../../../wire/kube/failure.ts';
import { loose, type Loose } from '../../../wire/kube/object.ts';
import { apiVersionOf, type Place, type Resource, type Selection } from '../../../wire/kube/resource.ts';
import type { WatchEvent } from '../../../wire/kube/watch.ts';
import { createServer } from '../../system/node-http.ts';
import { type Condition, KubeError, type PatchKind } from '../client.ts';
import { ApiStore } from './api-store.ts';

const CODES: Readonly<Partial<Record<string, readonly [number, string]>>> = {
  expired: [410, 'Expired'],
  absent: [404, 'NotFound'],
  exists: [409, 'AlreadyExists'],
  conflict: [409, 'Conflict'],
  denied: [403, 'Forbidden'],
  unauthenticated: [401, 'Unauthorized'],
  throttled: [429, 'TooManyRequests'],
  invalid: [422, 'Invalid'],
} satisfies Partial<Record<FailureKind, readonly [number, string]>>;

const TYPES = { ADDED: 'added', MODIFIED: 'changed', DELETED: 'removed' } as const;
const PATCHES: Readonly<Record<string, PatchKind | 'apply'>> = {
  'application/merge-patch+json': 'merge',
  'application/json-patch+json': 'json',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** What a request is about. */
interface Asked {
  readonly select: Selection & { readonly name?: string; readonly part?: string };
  readonly query: URLSearchParams;
  readonly body: Loose;
  readonly type: string;
}

/** The API server's HTTP in front of a store, on a port of its own. Knows the resources that it is told. */
export class FakeApiServer {
  readonly store: ApiStore;
  /** Asked before anything else: an answer here is the answer. For tokens, 429s and outages. */
  before: (
    request: IncomingMessage,
  ) => { readonly code: number; readonly headers?: Record<string, string> } | undefined = () => undefined;
  readonly requests: string[] = []; // "GET /api/v1/nodes?limit=500"
  readonly #resources: readonly Resource[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(resources: readonly Resource[], store: ApiStore) {
    this.#resources = resources;
    this.store = store;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async open(resources: readonly Resource[], store = new ApiStore()): Promise<FakeApiServer> {
    const server = new FakeApiServer(resources, store);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Every connection is cut, as when a load balancer goes. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  /** The same by a reset, as when its machine goes. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    const first = this.before(request);
    if (first !== undefined) return void response.writeHead(first.code, first.headers).end('not today');
    try {
      const asked = this.#read(request, await bodyOf(request));
      if (request.method === 'GET' && asked.query.get('watch') === 'true') return this.#watch(asked, request, response);
      answer(response, request.method === 'POST' ? 201 : 200, this.#answer(request.method ?? '', asked));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      const [code, reason] = CODES[error.kind] ?? [500, 'InternalError'];
      answer(response, code, statusOf(code, reason, error.message));
    }
  }

  #read({ url = '', headers }: IncomingMessage, text: string): Asked {
    const { pathname, searchParams: query } = new URL(url, 'http://api');
    const [root, ...parts] = pathname.split('/').slice(1).map(decodeURIComponent);
    const group = root === 'api' ? '' : parts.shift();
    const version = parts.shift();
    const namespace = parts[0] === 'namespaces' && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
    const [plural, name, part] = parts;
    const resource = this.#resources.find((it) => it.group === group && it.version === version && it.plural === plural);
    if (resource === undefined) throw new KubeError('absent', 'the server could not find the requested resource');
    const [fields, labels] = [query.get('fieldSelector') ?? '', query.get('labelSelector') ?? ''];
    const optional = { ...(namespace && { namespace }), ...(name && { name }), ...(part && { part }) };
    const body = text === '' ? {} : (JSON.parse(text) as Loose);
    return { select: { resource, fields, labels, ...optional }, query, body, type: headers['content-type'] ?? '' };
  }

  #answer(method: string, { select, query, body, type }: Asked): object {
    const { store } = this;
    if (method === 'POST') return store.create(select, body);
    if (select.name === undefined) {
      const limit = Number(query.get('limit') ?? 0);
      const page = store.list(select, { limit, more: query.get('continue') ?? undefined });
      const { kind } = select.resource;
      const metadata = { resourceVersion: page.resourceVersion, continue: page.more };
      return { apiVersion: apiVersionOf(select.resource), kind: `${kind}List`, metadata, items: page.items };
    }
    const place: Place = { ...select, name: select.name };
    if (method === 'GET') return store.get(place);
    if (method === 'PUT') return store.replace(place, body);
    if (method === 'DELETE') {
      store.get(place);
      store.remove(place, loose(body['preconditions']) as Condition);
      return { kind: 'Status', apiVersion: 'v1', status: 'Success' };
    }
    const kind = PATCHES[type];
    if (kind === undefined) throw new KubeError('invalid', `the body of the request was in an unknown format: ${type}`);
    if (kind !== 'apply') return store.patch(place, kind, body);
    return store.apply(place, body, {
      manager: query.get('fieldManager') ?? '',
      force: query.get('force') === 'true',
    });
  }

  #watch({ select, query }: Asked, request: IncomingMessage, response: ServerResponse): void {
    const write = (type: string, object: object) => response.write(`${JSON.stringify({ type, object })}\n`);
    const tell = (event: WatchEvent) => {
      const type = Object.entries(TYPES).find(([, kind]) => kind === event.kind)?.[0];
      if (type !== undefined && 'object' in event) write(type, event.object);
    };
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const mark = () =>
      write('BOOKMARK', { kind: select.resource.kind, metadata: { resourceVersion: this.store.version } });
    try {
      const stop = this.store.watch(select, query.get('resourceVersion') ?? '0', tell);
      const seconds = Number(query.get('timeoutSeconds') ?? 300);
      // like the real one: a bookmark a while before the end
      const marks = setTimeout(mark, (seconds * 1_000) / 2);
      const ends = setTimeout(() => response.end(), seconds * 1_000);
      request.on('close', () => {
        stop();
        clearTimeout(marks);
        clearTimeout(ends);
      });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // a version that is too old is told in the watch, not by the code
      write('ERROR', statusOf(410, 'Expired', error.message));
      response.end();
    }
  }
}

function statusOf(code: number, reason: string, message: string) {
  const [, name] = /"(.*)" not found$/.exec(message) ?? [];
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message, details: { name } };
}

function answer(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
