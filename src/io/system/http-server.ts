import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { HostPort } from '../../base/host-port.ts';
import type { Logger } from '../../base/log.ts';
import { createServer } from './node-http.ts';
import type { ServerKeys } from './own-certificate.ts';
import { descriptorOf, peerReader } from './peer.ts';
import { socketError } from './socket-error.ts';
import { listenOnFile, listenWith } from './socket-file.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string; // at most 64 KiB of UTF-8; empty when there is none
  readonly authorization: string; // the header as it came; empty when there is none
}

/** A string is sent as text, anything else as JSON. Status 200 and the fitting type unless said otherwise. */
export interface HttpAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: unknown;
}

/**
 * By method and path: "GET /v1/status". A thrown HttpProblem becomes its status; anything else thrown is a 500, logged.
 */
export type HttpRoutes = Readonly<Record<string, (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>>>;

/** An answer that is no success: `message` is for the person who asked. */
export class HttpProblem extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpProblem';
    this.status = status;
  }
}

/** On a unix socket, which only uid 0 of our user namespace may use, or on TCP, which everybody may. */
export type HttpPlace = { readonly socket: string } | HostPort;

export interface HttpServerOptions {
  readonly at: HttpPlace;
  readonly routes: HttpRoutes;
  readonly log: Logger;
  /** What a server of HTTPS shows; absent: HTTP. */
  readonly keys?: ServerKeys;
  /** So many connections at once; those beyond are closed. */
  readonly connections?: number;
}

export interface HttpServer {
  /** The TCP port; 0 on a unix socket. Differs from the one asked for when that was 0. */
  readonly port: number;
  /** New connections are shown this from now on. Of a server of HTTPS. */
  show(keys: ServerKeys): void;
  /** Takes no new request, ends idle connections, waits for running answers, removes the socket file. */
  close(): Promise<void>;
}

const BODY_LIMIT = 64 * 1024;
const CONNECTION_LIMIT = 64;
const PATIENCE = { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 };
const OLDEST_TLS = 'TLSv1.3';

/** Serves routes by HTTP/1.1, over TLS where there are keys. Throws SocketError. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const { at, routes, log, keys, connections = CONNECTION_LIMIT } = options;
  const secure = keys === undefined ? undefined : secureServer(keys);
  const server = secure ?? createServer(PATIENCE);
  server.maxConnections = connections;
  server.on('request', (request, response) => void serve(routes, request, response, log));
  let removeFile = () => {};
  if ('socket' in at) {
    onlyRoot(server, log);
    removeFile = await listenOnFile(at.socket, (path) => listenWith(server, path, 64));
  } else {
    await listenOnPort(server, at.host, at.port);
  }
  server.on('error', (err) => log.error('http server failed', { err }));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? (address as AddressInfo).port : 0,
    show: ({ certificate, key }) => secure?.setSecureContext({ cert: certificate, key, minVersion: OLDEST_TLS }),
    close: () => {
      removeFile();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

/** node:https is loaded only where somebody serves by it. */
function secureServer({ certificate, key }: ServerKeys): SecureServer {
  const https = process.getBuiltinModule('node:https');
  return https.createServer({ ...PATIENCE, cert: certificate, key, minVersion: OLDEST_TLS });
}

function onlyRoot(server: Server, log: Logger): void {
  const peerOf = peerReader();
  server.on('connection', (socket) => {
    const peer = peerOf(descriptorOf(socket));
    if (peer?.uid === 0) return;
    log.warn('http denied', { pid: peer?.pid, uid: peer?.uid });
    socket.destroy();
  });
}

function listenOnPort(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(socketError(`cannot listen on ${host}:${port}`, cause));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

async function serve(
  routes: HttpRoutes,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): Promise<void> {
  try {
    send(response, await answerTo(routes, request));
  } catch (err) {
    if (err instanceof HttpProblem) return send(response, { status: err.status, body: { error: err.message } });
    log.error('http failed', { path: request.url, err });
    send(response, { status: 500, body: { error: 'the agent failed at this request: see its log' } });
  }
}

async function answerTo(routes: HttpRoutes, request: IncomingMessage): Promise<HttpAnswer> {
  const { method = 'GET', url = '/' } = request;
  if (!URL.canParse(url, 'http://agent')) throw new HttpProblem(400, 'not a URL');
  const { pathname: path, searchParams: query } = new URL(url, 'http://agent');
  const route = Object.hasOwn(routes, `${method} ${path}`) ? routes[`${method} ${path}`] : undefined;
  const { authorization = '' } = request.headers;
  if (route !== undefined) return route({ method, path, query, authorization, body: await bodyOf(request) });
  const known = Object.keys(routes).some((key) => key.endsWith(` ${path}`));
  throw known ? new HttpProblem(405, `${path} does not take ${method}`) : new HttpProblem(404, `there is no ${path}`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) throw new HttpProblem(413, `a body has at most ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status = 200, type, body }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const text = typeof body === 'string' ? body : `${JSON.stringify(body, plain)}\n`;
  const usual = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type ?? usual, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** JSON has no bigint: sizes of ranges go as text. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
