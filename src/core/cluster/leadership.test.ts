import fc from 'fast-check';
import { expect, test } from 'vitest';
import { candidate, leadsUntil, type LeaseFacts, move, seen, type Standing, TERM, written } from './leadership.ts';

const held = (holder: string, version: string): LeaseFacts => ({
  holder,
  durationMs: TERM.durationMs,
  transitions: 3,
  version,
});

test('who finds no lease makes one', () => {
  expect(move(candidate('a'), 5)).toEqual({ kind: 'write', lease: undefined, transitions: 0 });
});

test('another’s lease is waited for from when it was first seen, whatever its own clock says', () => {
  const b = seen(candidate('b'), held('a', '1'), 1_000);
  expect(move(b, 1_000)).toEqual({ kind: 'wait', forMs: TERM.durationMs });
  const later = seen(b, held('a', '1'), 9_000); // nothing new
  expect(move(later, 1_000 + TERM.durationMs)).toMatchObject({ kind: 'write', transitions: 4 });
  const renewed = seen(b, held('a', '2'), 9_000);
  expect(move(renewed, 1_000 + TERM.durationMs)).toMatchObject({ kind: 'wait' });
});

test('a lease that was given back is taken at once', () => {
  expect(move(seen(candidate('b'), held('', '2'), 1_000), 1_000)).toMatchObject({ kind: 'write' });
});

test('the holder renews in time, and stops before anybody else may begin', () => {
  const a = written(candidate('a'), held('a', '1'), 1_000);
  expect(move(a, 1_000)).toEqual({ kind: 'wait', forMs: TERM.renewMs });
  expect(move(a, 1_000 + TERM.renewMs)).toMatchObject({ kind: 'write', transitions: 3 });
  expect(leadsUntil(a)).toBe(1_000 + TERM.deadlineMs);
  expect(TERM.deadlineMs).toBeLessThan(TERM.durationMs);
});

test('who sees another’s name on the lease leads no longer', () => {
  const a = written(candidate('a'), held('a', '1'), 1_000);
  expect(leadsUntil(seen(a, held('b', '2'), 2_000))).toBe(Number.NEGATIVE_INFINITY);
});

test('one’s own name, from before a restart, is taken again at once, and is no leadership before', () => {
  const a = seen(candidate('a'), held('a', '7'), 2_000);
  expect(leadsUntil(a)).toBe(Number.NEGATIVE_INFINITY);
  expect(move(a, 2_000)).toMatchObject({ kind: 'write' });
});

test('whatever is lost or late between two candidates and the lease, at most one leads', () => {
  const step = fc.record({
    who: fc.nat({ max: 1 }),
    ms: fc.nat({ max: 9_000 }),
    lost: fc.boolean(),
    read: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let [now, version] = [0, 0];
      let stored: LeaseFacts | undefined;
      const standings: Standing[] = [candidate('a'), candidate('b')];
      for (const { who, ms, lost, read } of steps) {
        now += ms;
        let me = standings[who] as Standing;
        if (read) me = seen(me, stored, now);
        const next = move(me, now);
        // a write of what is no longer so is refused, as by its version
        if (next.kind === 'write' && next.lease?.version === stored?.version) {
          stored = { ...held(me.me, `${++version}`), transitions: next.transitions };
          if (!lost) me = written(me, stored, now);
        }
        standings[who] = me;
        expect(standings.filter((it) => leadsUntil(it) > now).length).toBeLessThan(2);
      }
    }),
    { numRuns: 2_000 },
  );
});
