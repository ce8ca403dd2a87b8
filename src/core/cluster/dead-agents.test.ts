import { expect, test } from 'vitest';
import { DEAD_MS, verdictOn } from './dead-agents.ts';

const well = { served: true, ready: true, tainted: false };
const FINE = { since: undefined, taint: false, againInMs: undefined };

test('A23: a node without an agent is tainted when that has lasted, and then not again at once', () => {
  const first = verdictOn(well, { agents: 'away', since: undefined }, 5_000);
  expect(first).toEqual({ since: 5_000, taint: false, againInMs: DEAD_MS });
  const later = verdictOn(well, { agents: 'away', since: 5_000 }, 35_000);
  expect(later).toEqual({ since: 5_000, taint: false, againInMs: 30_000 });
  const dead = verdictOn(well, { agents: 'away', since: 5_000 }, 65_000);
  expect(dead).toEqual({ since: undefined, taint: true, againInMs: DEAD_MS });
});

test.each([
  ['an agent is ready', well, 'ready'],
  ['the cluster’s agents are no pods', well, 'unknown'],
  ['no agent was ever there', { ...well, served: false }, 'away'],
  ['the node itself is not ready', { ...well, ready: false }, 'away'],
  ['it is tainted already', { ...well, tainted: true }, 'away'],
  ['the node is gone', undefined, 'away'],
] as const)('nothing is done where %s, and the time is forgotten', (_, node, agents) => {
  expect(verdictOn(node, { agents, since: 0 }, 10 * DEAD_MS)).toEqual(FINE);
});
