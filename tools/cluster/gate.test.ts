import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGate } from './gate.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-gate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a gate passes on both ways, and answers after the caller has ended his side', async () => {
  const path = join(folder, 'socket');
  const behind = createServer({ allowHalfOpen: true }, (caller) => {
    text(caller).then(
      (said) => caller.end(`heard ${said}`),
      () => {},
    );
  });
  await new Promise<void>((resolve) => behind.listen(path, resolve));
  const gate = await openGate(path);
  const caller = connect({ port: gate.port, host: '127.0.0.1', allowHalfOpen: true });
  caller.end('hello');
  expect(await text(caller)).toBe('heard hello');
  gate.close();
  behind.close();
});

test('while nobody is behind it, callers are sent away; who comes later is let in', async () => {
  const path = join(folder, 'socket');
  const gate = await openGate(path);
  const ask = () => text(connect({ port: gate.port, host: '127.0.0.1' })).catch(() => '');
  expect(await ask()).toBe('');
  const behind = createServer((caller) => caller.end('in'));
  await new Promise<void>((resolve) => behind.listen(path, resolve));
  expect(await ask()).toBe('in');
  gate.close();
  behind.close();
});
