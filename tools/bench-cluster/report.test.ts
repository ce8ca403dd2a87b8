import { expect, test } from 'vitest';
import { connectionsOf, trafficBetween } from './usage.ts';
import { callsIn, counted } from './calls.ts';
import { timing } from './networks.ts';
import { reportOf } from './report.ts';

const nothing = { seconds: 1, pods: 0, rssMb: 80, cpuMs: 0, heardBytes: 0, saidBytes: 0, calls: {} };
const costs = { idle: nothing, filling: nothing, full: nothing, emptying: nothing, setUp: {} };

test('the share is of each pod’s time and of all pods’, and ratios say how far Berth is from bridge and from the least', () => {
  const starts = [
    { network: 'berth', crowd: 2, startMs: 500, cniMs: 5, loopbackMs: 10 },
    { network: 'berth', crowd: 2, startMs: 1_000, cniMs: 10, loopbackMs: 20 },
    { network: 'berth', crowd: 2, startMs: 1_500, cniMs: 75, loopbackMs: 150 },
    { network: 'bridge', crowd: 2, startMs: 2_000, cniMs: 100, loopbackMs: 200 },
    { network: 'least', crowd: 2, startMs: 500, cniMs: 4, loopbackMs: 10 },
  ] as const;
  const { cells, ratios } = reportOf(starts, costs, { installed: [], machine: '', reference: '' });
  expect(cells.map((it) => [it.network, it.n, it.podSharePercent, it.sharePercent, it.loopbackSharePercent])).toEqual([
    ['berth', 3, 1, 3, 6],
    ['bridge', 1, 5, 5, 10],
    ['least', 1, 0.8, 0.8, 2],
  ]);
  expect(ratios).toEqual([{ crowd: 2, start: 2, cni: 10, cniOverLeast: 2.5 }]);
});

test('a line of the clock before a plugin is read', () => {
  expect(timing('bridge ADD 21400 pod-7')).toEqual({ plugin: 'bridge', verb: 'ADD', ms: 21.4, pod: 'pod-7' });
});

test('bytes are those of the connections of one process that stand after a while', () => {
  const line = (pid: number, port: number, more: string) =>
    `ESTAB 0 0 172.30.0.11:${port} 172.30.0.2:6443 users:(("node",pid=${pid},fd=1)) ${more}`;
  const before = [
    line(7, 1, 'bytes_sent:100 bytes_acked:99 bytes_received:1000'),
    line(7, 2, 'bytes_sent:5000 bytes_received:5000'), // it ends
    line(77, 3, 'bytes_sent:5000 bytes_received:5000'),
  ].join('\n');
  const after = [
    line(7, 1, 'bytes_sent:110 bytes_acked:99 bytes_received:1500'),
    line(7, 4, 'bytes_sent:1'), // nothing was heard yet
    line(77, 3, 'bytes_sent:6000 bytes_received:6000'),
  ].join('\n');
  const between = trafficBetween(connectionsOf(before, '7'), connectionsOf(after, '7'));
  expect(between).toEqual({ saidBytes: 11, heardBytes: 500 });
});

test('calls are counted by verb and resource, from a moment on', () => {
  const event = (verb: string, at: string, more: object = {}) =>
    JSON.stringify({
      verb,
      sourceIPs: ['10.0.0.1'],
      objectRef: { resource: 'nodes', ...more },
      requestReceivedTimestamp: at,
    });
  const log = [
    event('list', '2026-01-01T00:00:00.5Z'),
    event('watch', '2026-01-01T00:00:01Z'),
    event('patch', '2026-01-01T00:00:02Z', { subresource: 'status' }),
    '',
  ].join('\n');
  const calls = callsIn(log, Date.parse('2026-01-01T00:00:01Z'));
  expect([...counted(calls)]).toEqual([
    ['watch nodes', 1],
    ['patch nodes/status', 1],
  ]);
});
