import { expect, test } from 'vitest';
import { type BerthPod, endedBySelf } from './restarts.ts';

const pod = (name: string, restartCount: number, exitCode?: number): BerthPod => ({
  metadata: { name },
  status: {
    containerStatuses: [
      {
        name: 'agent',
        restartCount,
        lastState: exitCode === undefined ? {} : { terminated: { exitCode, reason: 'Error' } },
      },
    ],
  },
});

test('containers that were killed have not ended by themselves', () => {
  expect(endedBySelf([pod('berth-a', 0), pod('berth-b', 2, 137)], 2)).toEqual([]);
});

test('a container that ended otherwise than by SIGKILL is told', () => {
  expect(endedBySelf([pod('berth-a', 1, 137), pod('berth-b', 1, 1)], 2)).toEqual([
    'agent of berth-b: exit code 1, Error',
  ]);
});

test('more restarts than kills are told, though the last ends were kills', () => {
  expect(endedBySelf([pod('berth-a', 2, 137), pod('berth-b', 1, 137)], 2)).toEqual([
    '3 restarts of containers for 2 kills',
  ]);
});
