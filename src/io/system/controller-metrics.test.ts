import { expect, test } from 'vitest';
import { CONTROLLER_METRICS } from './controller-metric-table.ts';
import { type ControllerSample, createControllerMetrics } from './controller-metrics.ts';

const sample: ControllerSample = {
  leading: true,
  queues: { 'berth-nodes': 3 },
  callsWaiting: { AssignPrivateIpAddresses: 7 },
  sources: [
    { resource: 'nodes', objects: 5_000, heard: true },
    { resource: 'pods', objects: 150_000, heard: false },
  ],
};

test('a scrape shows how things are now, and what was counted', async () => {
  const metrics = createControllerMetrics('1.2.3');
  metrics.reconciled('berth-nodes', 'ok', 0.002);
  metrics.asked('assign', 'done', 0.2);
  const lines = (await metrics.text(sample)).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'berth_controller_leading 1',
      'berth_controller_queue{reconciler="berth-nodes"} 3',
      'berth_controller_cloud_calls_waiting{action="AssignPrivateIpAddresses"} 7',
      'berth_controller_objects{resource="pods"} 150000',
      'berth_controller_unheard{resource="nodes"} 0',
      'berth_controller_unheard{resource="pods"} 1',
      'berth_controller_reconcile_duration_seconds_count{reconciler="berth-nodes",outcome="ok"} 1',
    ]),
  );
  expect(await metrics.text({ ...sample, leading: false })).toContain('berth_controller_leading 0');
});

test('every metric of the table is exposed, and no other', async () => {
  const text = await createControllerMetrics('1.2.3').text(sample);
  const exposed = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  expect(new Set(exposed)).toEqual(new Set(Object.values(CONTROLLER_METRICS).map(({ name }) => name)));
});
