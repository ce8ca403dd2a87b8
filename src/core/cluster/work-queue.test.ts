import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { asked, ended, nextDue, noWork, pauseMs, taken, type WorkQueue } from './work-queue.ts';

function drain(queue: WorkQueue, now: number): { readonly queue: WorkQueue; readonly keys: readonly string[] } {
  const keys: string[] = [];
  let left = queue;
  for (;;) {
    const next = taken(left, now);
    if (next.key === undefined) return { queue: left, keys };
    left = next.queue;
    keys.push(next.key);
  }
}

test('a key that is asked for often is done once, in the order of asking', () => {
  const queue = ['b', 'a', 'b', 'a'].reduce((sum, key) => asked(sum, key, 5), noWork);
  expect(drain(queue, 4).keys).toEqual([]);
  expect(drain(queue, 5).keys).toEqual(['b', 'a']);
});

test('a key that runs is not taken again before it has ended, and then once for all that was asked meanwhile', () => {
  const first = taken(asked(noWork, 'a', 0), 0);
  const again = asked(asked(first.queue, 'a', 1), 'a', 2);
  expect(taken(again, 10).key).toBeUndefined();
  const after = ended(again, 'a', { ok: true }, 10);
  expect(drain(after, 10).keys).toEqual(['a']);
});

test('what was done and is not asked for again leaves nothing behind', () => {
  const { queue } = taken(asked(noWork, 'a', 0), 0);
  const after = ended(queue, 'a', { ok: true }, 1);
  expect(after.entries.size).toBe(0);
  expect(nextDue(after)).toBeUndefined();
});

test('a key that wants to be looked at later comes again then, or earlier when it is asked for', () => {
  const { queue } = taken(asked(noWork, 'a', 0), 0);
  const after = ended(queue, 'a', { ok: true, againInMs: 1_000 }, 10);
  expect(nextDue(after)).toBe(1_010);
  expect(nextDue(asked(after, 'a', 500))).toBe(500);
  expect(nextDue(asked(after, 'a', 2_000))).toBe(1_010);
});

test('failures are waited out, longer each time up to two minutes; a success forgets them', () => {
  let queue = asked(noWork, 'a', 0);
  const pauses: number[] = [];
  for (let now = 0, i = 0; i < 12; i++) {
    queue = ended(taken(queue, now).queue, 'a', { ok: false, fraction: 1 }, now);
    pauses.push((nextDue(queue) ?? 0) - now);
    now = nextDue(queue) ?? 0;
  }
  expect(pauses.slice(0, 4)).toEqual([200, 400, 800, 1_600]);
  expect(pauses.at(-1)).toBe(120_000);
  const now = nextDue(queue) ?? 0;
  const well = asked(ended(taken(queue, now).queue, 'a', { ok: true }, now), 'a', now);
  const failed = ended(taken(well, now).queue, 'a', { ok: false, fraction: 0 }, now);
  expect((nextDue(failed) ?? 0) - now).toBe(pauseMs(0, 0));
});

test('what the server wishes is waited for', () => {
  const { queue } = taken(asked(noWork, 'a', 0), 0);
  expect(nextDue(ended(queue, 'a', { ok: false, fraction: 0, atLeastMs: 7_000 }, 1))).toBe(7_001);
});

test('whatever is asked and however it ends: no key runs twice at once, and none that was asked for is forgotten', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const act = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), key }),
    fc.record({ kind: fc.constant('take' as const), key }),
    fc.record({ kind: fc.constant('end' as const), key, ok: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      let queue = noWork;
      const running = new Set<string>();
      const owed = new Set<string>();
      acts.forEach((it, now) => {
        if (it.kind === 'ask') {
          queue = asked(queue, it.key, now);
          owed.add(it.key);
        } else if (it.kind === 'take') {
          const next = taken(queue, now);
          queue = next.queue;
          if (next.key === undefined) return;
          expect(running.has(next.key)).toBe(false);
          running.add(next.key);
          owed.delete(next.key);
        } else if (running.delete(it.key)) {
          queue = ended(queue, it.key, it.ok ? { ok: true } : { ok: false, fraction: 0.5 }, now);
          if (!it.ok) owed.add(it.key);
        }
      });
      for (const one of running) queue = ended(queue, one, { ok: true }, acts.length);
      const later = drain(queue, Number.MAX_SAFE_INTEGER).keys;
      expect(new Set(later)).toEqual(owed);
      expect(later).toHaveLength(owed.size);
    }),
  );
});
