import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from '../../src/io/system/node-http.ts';
import type { Delivery } from '../cloud/fault.ts';

/** A request, whole. */
export interface Request {
  readonly method: string;
  readonly path: string; //  without the query
  readonly query: string; // without the question mark
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly delivery?: Delivery; // absent: at once
}

export interface ServeOptions {
  readonly bodyLimit: number; // bytes
  /** What it throws is a 500, and told to `failed`. */
  readonly answer: (request: Request) => Response | Promise<Response>;
  readonly failed: (error: unknown) => void;
}

/** An HTTP server that obeys deliveries: late answers, lost ones, and none. It does not listen yet. */
export function httpServer({ bodyLimit, answer, failed }: ServeOptions): Server {
  const server = createServer({ keepAliveTimeout: 60_000, headersTimeout: 30_000, requestTimeout: 60_000 });
  server.on('request', (request, response) => {
    readRequest(request, bodyLimit)
      .then((whole) => (whole === undefined ? TOO_LONG : answer(whole)))
      .catch((error: unknown) => {
        failed(error);
        return FAILED;
      })
      .then((said) => deliver(said, response), failed);
  });
  return server;
}

const TEXT = { 'content-type': 'text/plain' };
const TOO_LONG: Response = { status: 413, headers: TEXT, body: 'the request is too long\n' };
const FAILED: Response = { status: 500, headers: TEXT, body: 'the emulator failed: see its log\n' };

async function readRequest(request: IncomingMessage, limit: number): Promise<Request | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length <= limit) parts.push(part);
  }
  if (length > limit) return undefined;
  const { method = 'GET', url = '/' } = request;
  const at = url.indexOf('?');
  const headers = Object.entries(request.headers).map(([k, v]) => [k, Array.isArray(v) ? v.join(', ') : v]);
  return {
    method,
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '' : url.slice(at + 1),
    headers: Object.fromEntries(headers),
    body: Buffer.concat(parts).toString(),
  };
}

function deliver(said: Response, response: ServerResponse): void {
  const { delivery = { how: 'at-once' } } = said;
  switch (delivery.how) {
    case 'at-once':
      return send(said, response);
    case 'late': {
      const timer = setTimeout(() => send(said, response), delivery.byMs);
      response.once('close', () => clearTimeout(timer));
      return undefined;
    }
    case 'never':
      return undefined; // until the client has enough
    case 'cut':
      response.destroy();
  }
}

function send({ status, headers, body }: Response, response: ServerResponse): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}
