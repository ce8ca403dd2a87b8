import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { realClock } from '../../io/system/clock.ts';
import { rehearse, rehearseSoon } from './rehearsal.ts';

const isRoot = process.getuid?.() === 0;
const onRoot = test.skipIf(!isRoot);

/** The network namespaces that this process holds open, and its links. */
function world() {
  const held = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return []; // that of this very reading
    }
  });
  const namespaces = new Set(held.filter((it) => it.startsWith('net:')));
  const sockets = held.filter((it) => it.startsWith('socket:')).length;
  return { namespaces: namespaces.size, sockets, links: readdirSync('/sys/class/net').toSorted() };
}

onRoot('pods of nobody come and go, and nothing of them is left', async () => {
  await rehearse(() => true); // what is opened once and kept
  const before = world();
  expect(await rehearse(() => true)).toBe(20);
  expect(world()).toEqual(before);
});

onRoot('real calls do not wait for it: it ends with the first', async () => {
  let asked = 0;
  expect(await rehearse(() => ++asked < 6)).toBe(2);
});

test('an agent that stops while it goes on waits for its end; without rights there is none', async () => {
  const said: string[] = [];
  const log = { ...silent, debug: (event: string) => void said.push(event) };
  const stop = rehearseSoon({
    clock: { ...realClock, timer: (_, then) => (then(), () => {}) },
    log,
    busy: () => false,
  });
  await stop();
  expect(said).toEqual([isRoot ? 'rehearsed' : 'not rehearsed']);
  const before = world();
  await stop();
  expect(world()).toEqual(before);
});

test('an agent that stops before it began hears nothing of it', async () => {
  const said: string[] = [];
  const log = { ...silent, debug: (event: string) => void said.push(event) };
  await rehearseSoon({ clock: realClock, log, busy: () => false })();
  expect(said).toEqual([]);
});
