import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { utf8 } from '../../base/bytes.ts';
import { type CallFrame, encodeCall } from '../../wire/agent/frame.ts';
import { DiskError } from './disk.ts';
import { openSpool } from './spool.ts';

const call = (id: string): CallFrame => ({
  env: { CNI_COMMAND: 'DEL', CNI_CONTAINERID: id, CNI_IFNAME: 'eth0' },
  stdin: utf8('{"name":"berth"}'),
});

function scene() {
  const directory = join(mkdtempSync(join(tmpdir(), 'berth-spool-')), 'state/spool');
  onTestFinished(() => rmSync(join(directory, '../..'), { recursive: true, force: true }));
  const bad: string[] = [];
  const open = () => openSpool(directory, (name, why) => bad.push(`${name}: ${why}`));
  const put = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(directory, `.${name}`), bytes);
    renameSync(join(directory, `.${name}`), join(directory, name));
  };
  const ids = () =>
    open()
      .entries()
      .map((entry) => entry.call.env['CNI_CONTAINERID']);
  return { directory, bad, open, put, ids };
}

test('the directory is made when it is absent, and is for root alone also when it was not', () => {
  const { directory, open } = scene();
  expect(open().entries()).toEqual([]);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  chmodSync(directory, 0o777);
  open();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test('calls come oldest first, and stay until they are removed; a second removal is no error', () => {
  const { open, put, ids } = scene();
  const spool = open();
  for (const [name, id] of [
    ['1763700000000000009-7.del', 'b'],
    ['1763700000000000008-99.del', 'a'],
    ['1763700000000000010-1.del', 'c'],
  ] as const)
    put(name, encodeCall(call(id)));
  expect(spool.entries()[0]).toMatchObject({ name: '1763700000000000008-99.del', call: { env: call('a').env } });
  expect([ids(), ids()]).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
  ]);
  spool.remove('1763700000000000009-7.del');
  spool.remove('1763700000000000009-7.del');
  expect(ids()).toEqual(['a', 'c']);
});

test('a file that holds no call is set aside and told once; the others are not held up', () => {
  const { directory, bad, open, put, ids } = scene();
  open();
  const frame = encodeCall(call('a'));
  put('1.del', frame.subarray(0, frame.length - 1));
  put('2.del', new Uint8Array());
  put('3.del', frame);
  mkdirSync(join(directory, '4.del'));
  expect([ids(), ids()]).toEqual([['a'], ['a']]);
  expect(bad.map((it) => it.split(':')[0])).toEqual(['1.del', '2.del', '4.del']);
  expect(readdirSync(directory).sort()).toEqual(['1.del.bad', '2.del.bad', '3.del', '4.del.bad']);
});

test('every truncation of a call is set aside, never done by half', () => {
  const { bad, open, put } = scene();
  const spool = open();
  const frame = encodeCall(call('a'));
  for (let length = 0; length < frame.length; length++) put(`${1000 + length}.del`, frame.subarray(0, length));
  expect(spool.entries()).toEqual([]);
  expect(bad.length).toBe(frame.length);
});

test('a file that is being written is not read; one that was left so long ago is removed at the next start', () => {
  const { directory, open } = scene();
  open();
  for (const name of ['.1-1.del', '.2-2.del']) writeFileSync(join(directory, name), encodeCall(call('a')));
  utimesSync(join(directory, '.1-1.del'), 0, 0);
  const spool = open();
  expect(spool.entries()).toEqual([]);
  expect(readdirSync(directory)).toEqual(['.2-2.del']);
});

test('what is no DEL is left alone', () => {
  const { directory, bad, open } = scene();
  open();
  writeFileSync(join(directory, 'README'), 'hello');
  expect([open().entries(), bad, readdirSync(directory)]).toEqual([[], [], ['README']]);
});

test('a place that cannot be a directory is a DiskError', () => {
  const { directory, open } = scene();
  mkdirSync(join(directory, '..'), { recursive: true });
  writeFileSync(directory, '');
  expect(open).toThrow(DiskError);
});

test('a watcher hears of what comes, of what came just before it listened, and of nothing after its end', async () => {
  const { directory, open, put } = scene();
  const spool = open();
  const listener = vi.fn<() => void>();
  const stop = spool.watch(listener);
  onTestFinished(stop);
  await vi.waitFor(() => expect(listener).toHaveBeenCalled());
  const before = listener.mock.calls.length;
  put('1.del', encodeCall(call('a')));
  await vi.waitFor(() => expect(listener.mock.calls.length).toBeGreaterThan(before));
  stop();
  const after = listener.mock.calls.length;
  writeFileSync(join(directory, '2.del'), encodeCall(call('b')));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(listener.mock.calls.length).toBe(after);
});

test('a directory that is removed while it is watched is made again, and watched', async () => {
  const { directory, open, put } = scene();
  const spool = open();
  const seen = vi.fn<(ids: readonly string[]) => void>();
  const stop = spool.watch(() => seen(spool.entries().map(({ name }) => name)));
  onTestFinished(stop);
  rmSync(directory, { recursive: true });
  expect(spool.entries()).toEqual([]);
  await vi.waitFor(() => expect(statSync(directory, { throwIfNoEntry: false })?.isDirectory()).toBe(true));
  put('1.del', encodeCall(call('a')));
  await vi.waitFor(() => expect(seen).toHaveBeenLastCalledWith(['1.del']));
});
