import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Urgency } from '../ipam/nic.ts';
import { type ClusterBudget, hastened, left, newBudget, queued, served, slowed, waitingCalls } from './budget.ts';

const SIZE = { burst: 4, perSecond: 1 };
let ids = 0;

function ask(budget: ClusterBudget, node: string, urgency: Urgency = 'pod', calls = 1): ClusterBudget {
  let after = budget;
  for (let i = 0; i < calls; i++) after = queued(after, { id: ++ids, node, urgency });
  return after;
}

/** Who goes until a time, in order. */
function run(budget: ClusterBudget, until: number): { budget: ClusterBudget; nodes: string[] } {
  const nodes: string[] = [];
  let now = budget.at;
  let after = budget;
  for (;;) {
    const { budget: next, go, inMs } = served(after, now);
    after = next;
    nodes.push(...go.map(({ node }) => node));
    if (inMs === undefined || now + inMs > until) return { budget: after, nodes };
    now += inMs;
  }
}

test('a burst goes at once, then so many a second', () => {
  const budget = ask(newBudget(SIZE, 0), 'a', 'pod', 6);
  const first = served(budget, 0);
  expect(first.go).toHaveLength(4);
  expect(first.inMs).toBe(1_000);
  expect(served(first.budget, 1_000).go).toHaveLength(1);
  expect(waitingCalls(first.budget)).toBe(2);
});

test('a node that asks for its first call does not wait for all of another’s', () => {
  const busy = served(ask(newBudget(SIZE, 0), 'busy', 'pod', 100), 0).budget;
  expect(run(ask(busy, 'quiet'), 3_000).nodes).toEqual(['busy', 'quiet', 'busy']);
});

test('nodes that all want much get the same, whoever asked first and for how much', () => {
  let budget = newBudget(SIZE, 0);
  for (const [node, calls] of [
    ['a', 500],
    ['b', 50],
    ['c', 200],
  ] as const)
    budget = ask(budget, node, 'refill', calls);
  const { nodes } = run(budget, 90_000);
  const shares = ['a', 'b', 'c'].map((node) => nodes.filter((it) => it === node).length);
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
});

test('a waiting pod of any node goes before a refill, and finds a part of the burst untouched', () => {
  const refills = served(ask(newBudget(SIZE, 0), 'a', 'refill', 10), 0);
  expect(refills.go.length).toBeLessThan(4);
  const { go } = served(ask(refills.budget, 'b'), 0);
  expect(go.map(({ node }) => node)).toEqual(['b']);
});

test('a refill does not starve behind pods that never end', () => {
  const budget = ask(ask(newBudget(SIZE, 0), 'a', 'pod', 1_000), 'b', 'housekeeping');
  expect(run(budget, 40_000).nodes).toContain('b');
});

test('after a refusal of the cloud nothing goes for a while, then half as much, and twice as much again when it takes calls', () => {
  let budget = slowed(ask(newBudget(SIZE, 0), 'a', 'pod', 100), 0.5, 0);
  expect(served(budget, 0)).toMatchObject({ go: [], inMs: 3_000 });
  expect(run(budget, 10_000).nodes).toHaveLength(4);
  budget = hastened(budget, 0);
  expect(run(budget, 10_000).nodes).toHaveLength(9);
});

test('a node that is gone gives its turns to the others', () => {
  const budget = served(ask(ask(newBudget(SIZE, 0), 'gone', 'pod', 50), 'stays', 'pod', 2), 0).budget;
  const after = left(budget, ({ node }) => node === 'gone');
  expect(waitingCalls(after)).toBe(waitingCalls(budget) - 48);
  expect(run(after, 60_000).nodes.every((node) => node === 'stays')).toBe(true);
});

test('whatever is asked: never more goes than the size allows, everybody goes once, and each node in its own order', () => {
  const call = fc.record({
    node: fc.constantFrom('a', 'b', 'c', 'd'),
    urgency: fc.constantFrom<Urgency>('pod', 'refill', 'housekeeping'),
    at: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
      let budget = newBudget(SIZE, 0);
      const gone: { id: number; node: string; urgency: Urgency; at: number }[] = [];
      const serve = (now: number) => {
        const { budget: next, go, inMs } = served(budget, now);
        budget = next;
        gone.push(...go.map((ticket) => ({ ...ticket, at: now })));
        return inMs;
      };
      let now = 0;
      for (const [id, { at, ...of }] of calls.toSorted((a, b) => a.at - b.at).entries()) {
        now = at;
        budget = queued(budget, { id, ...of });
        serve(now);
      }
      for (let inMs = serve(now); inMs !== undefined; inMs = serve(now)) now += inMs;
      expect(gone.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(calls.map((_, id) => id));
      gone.forEach(({ at }, i) => {
        const within = gone.filter((it) => it.at >= at - 10_000 && it.at <= at);
        expect(within.length).toBeLessThanOrEqual(SIZE.burst + 10 * SIZE.perSecond + 1);
        const later = gone.slice(i + 1);
        const { node, urgency, id } = gone[i] ?? { node: '', urgency: 'pod', id: 0 };
        expect(later.some((it) => it.node === node && it.urgency === urgency && it.id < id)).toBe(false);
      });
    }),
  );
});
