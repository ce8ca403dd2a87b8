import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { HttpProblem, type HttpRoutes, type HttpServer, serveHttp } from './http-server.ts';

const isRoot = process.getuid?.() === 0;
const directory = mkdtempSync(join(tmpdir(), 'berth-http-'));
let server: HttpServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const routes: HttpRoutes = {
  'GET /v1/who': ({ query }) => ({ body: { q: query.get('q'), size: 2n ** 64n } }),
  'POST /v1/echo': ({ body }) => ({ body }),
  'GET /busy': () => ({ status: 503, body: 'not now' }),
  'GET /absent': () => {
    throw new HttpProblem(404, 'nobody of that name');
  },
  'GET /broken': () => Promise.reject(new Error('a secret')),
};

async function get(path: string, init: RequestInit = {}) {
  server ??= await serveHttp({ at: { host: '127.0.0.1', port: 0 }, routes, log: silent });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

test('a value is answered as JSON, big numbers as text, and the query is decoded', async () => {
  const { status, type, text } = await get('/v1/who?q=default%2Fweb');
  expect([status, type]).toEqual([200, 'application/json']);
  expect(JSON.parse(text)).toEqual({ q: 'default/web', size: '18446744073709551616' });
});

test('a string is answered as text, with the status of the route', async () => {
  expect(await get('/busy')).toEqual({ status: 503, type: 'text/plain; charset=utf-8', text: 'not now' });
});

test('a body is handed on, and one that is too large refused', async () => {
  expect((await get('/v1/echo', { method: 'POST', body: 'ä' })).text).toBe('ä');
  const large = await get('/v1/echo', { method: 'POST', body: 'x'.repeat(70_000) }).catch(() => ({ status: 413 }));
  expect(large.status).toBe(413);
});

test('an unknown path, a wrong method and a problem answer with a sentence', async () => {
  expect(await get('/nowhere')).toMatchObject({ status: 404, text: '{"error":"there is no /nowhere"}\n' });
  expect(await get('/toString')).toMatchObject({ status: 404 });
  expect(await get('/v1/who', { method: 'POST' })).toMatchObject({ status: 405 });
  expect(await get('/absent')).toMatchObject({ status: 404, text: '{"error":"nobody of that name"}\n' });
});

test('what a route throws is not shown to the one who asked', async () => {
  const { status, text } = await get('/broken');
  expect(status).toBe(500);
  expect(text).not.toContain('secret');
});

test('bytes that are no HTTP harm nothing', async () => {
  await get('/busy');
  await new Promise<void>((resolve) => {
    const socket = connect(server?.port ?? 0, '127.0.0.1', () => socket.end('\0\0\0 nonsense\r\n\r\n'));
    socket
      .on('error', () => {})
      .on('close', () => resolve())
      .resume();
  });
  expect((await get('/busy')).status).toBe(503);
});

test('a taken port is an error of kind in-use', async () => {
  await get('/busy');
  const again = serveHttp({ at: { host: '127.0.0.1', port: server?.port ?? 0 }, routes, log: silent });
  await expect(again).rejects.toMatchObject({ name: 'SocketError', kind: 'in-use' });
});

test.skipIf(!isRoot)('on a unix socket root is answered', async () => {
  const socketPath = join(directory, 'admin.sock');
  server = await serveHttp({ at: { socket: socketPath }, routes, log: silent });
  const status = await new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/busy' }, (response) => resolve(response.resume().statusCode));
    asked.on('error', reject).end();
  });
  expect(status).toBe(503);
});
