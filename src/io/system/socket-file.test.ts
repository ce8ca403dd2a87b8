import { existsSync, linkSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listenOnFile, listenWith } from './socket-file.ts';

let directory: string;
let path: string;
const servers: Server[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-socket-'));
  path = join(directory, 'agent.sock');
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((it) => new Promise((resolve) => it.close(resolve))));
  rmSync(directory, { recursive: true });
});

function server(): Server {
  const it = createServer((socket) => socket.on('error', () => {}).end('hello'));
  servers.push(it);
  return it;
}

const listen = (it: Server) => listenOnFile(path, (born) => listenWith(it, born, 8));

function greeting(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    connect(path)
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        text += chunk;
      })
      .on('end', () => resolve(text))
      .on('error', reject);
  });
}

/** Leaves a socket file behind as a killed process does. */
async function leaveStale(): Promise<void> {
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(join(directory, 'dead'), resolve));
  linkSync(join(directory, 'dead'), path);
  await new Promise((resolve) => dead.close(resolve));
}

test('the socket is open to its owner only, and nothing else is left in its directory', async () => {
  await listen(server());
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['agent.sock']);
  expect(await greeting()).toBe('hello');
});

test('missing directories are made', async () => {
  path = join(directory, 'a', 'b', 'agent.sock');
  await listen(server());
  expect(await greeting()).toBe('hello');
});

test('a stale socket is replaced', async () => {
  await leaveStale();
  await listen(server());
  expect(await greeting()).toBe('hello');
});

test('a live socket is refused and goes on serving', async () => {
  await listen(server());
  await expect(listen(server())).rejects.toMatchObject({ name: 'SocketError', kind: 'in-use' });
  expect(await greeting()).toBe('hello');
});

test('a file that is no socket is not removed', async () => {
  writeFileSync(path, 'mine');
  await expect(listen(server())).rejects.toMatchObject({ kind: 'invalid' });
  expect(existsSync(path)).toBe(true);
});

test('a path longer than the kernel takes is refused before anything is made', async () => {
  path = join(directory, 'x'.repeat(120));
  await expect(listen(server())).rejects.toThrow('at most 107 bytes');
  expect(readdirSync(directory)).toEqual([]);
});

test('only our own socket file is removed at the end', async () => {
  const first = server();
  const remove = await listen(first);
  rmSync(path);
  await listen(server());
  remove();
  expect(await greeting()).toBe('hello');
});

test('a socket that nobody serves is replaced also when this process was too busy to look for a second', async () => {
  await leaveStale();
  // from there on timers come before answers
  const listening = await new Promise<{ done: Promise<unknown> }>((resolve) =>
    setImmediate(() => {
      resolve({ done: listen(server()) });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
    }),
  );
  await listening.done;
  expect(await greeting()).toBe('hello');
});
