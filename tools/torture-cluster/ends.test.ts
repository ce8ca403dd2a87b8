import { expect, test } from 'vitest';
import { type BerthPod, crashesIn } from './ends.ts';

const pod = (exitCode?: number, reason = 'Error'): BerthPod => {
  const lastState = exitCode === undefined ? {} : { terminated: { containerID: 'containerd://1', exitCode, reason } };
  return {
    metadata: { name: 'berth-a', namespace: 'kube-system' },
    status: { containerStatuses: [{ name: 'agent', lastState }] },
  };
};
const told = (pods: readonly BerthPod[], ...killed: readonly string[]) =>
  [...crashesIn(pods, new Set(killed)).values()].map((end) => end.told);

test('containers that run on have not ended', () => {
  expect(told([pod(), { metadata: { name: 'berth-b', namespace: 'kube-system' }, status: {} }])).toEqual([]);
});

test('a container that was killed has not ended by itself, also where its runtime lost how it ended', () => {
  expect(told([pod(137), pod(255, 'Unknown')], '1')).toEqual([]);
});

test.each([
  [1, 'Error'],
  [0, 'Completed'],
  [137, 'OOMKilled'],
  [137, 'Error'],
  [255, 'Unknown'],
])('exit code %d, %s, and nobody killed it: it ended by itself', (code, reason) => {
  expect(told([pod(code, reason)], '2')).toEqual([`agent of berth-a: exit code ${code}, ${reason}`]);
});

test('a container that never ran, for its runtime was killed, is none that ended', () => {
  expect(told([pod(128, 'StartError'), pod(137, 'ContainerStatusUnknown')])).toEqual([]);
});
