import { expect, test } from 'vitest';
import { type BerthPod, crashesIn } from './ends.ts';

const pod = (exitCode?: number, reason = 'Error'): BerthPod => {
  const lastState = exitCode === undefined ? {} : { terminated: { containerID: 'containerd://1', exitCode, reason } };
  return {
    metadata: { name: 'berth-a', namespace: 'kube-system' },
    status: { containerStatuses: [{ name: 'agent', lastState }] },
  };
};
const told = (pods: readonly BerthPod[]) => [...crashesIn(pods).values()].map((end) => end.told);

test('containers that run on, or were killed, have not ended by themselves', () => {
  expect(told([pod(), pod(137), { metadata: { name: 'berth-b', namespace: 'kube-system' }, status: {} }])).toEqual([]);
});

test.each([
  [1, 'Error'],
  [0, 'Completed'],
  [137, 'OOMKilled'],
])('exit code %d, %s: it ended by itself', (code, reason) => {
  expect(told([pod(code, reason)])).toEqual([`agent of berth-a: exit code ${code}, ${reason}`]);
});

test('a container that never ran, for its runtime was killed, is none that ended', () => {
  expect(told([pod(128, 'StartError'), pod(137, 'ContainerStatusUnknown')])).toEqual([]);
});
