import { expect, test } from 'vitest';
import { METRICS, type MetricLine } from './metric-table.ts';
import { createMetrics, type MetricsSample } from './metrics.ts';

const sample: MetricsSample = {
  addresses: [
    { family: 'v4', states: { usable: 253, claimed: 2, cooling: 1, free: 250 }, waiting: 3 },
    { family: 'v6', states: { usable: 2n ** 64n - 2n, claimed: 2, cooling: 0, free: 2n ** 64n - 4n }, waiting: 0 },
  ],
  attachments: 2,
  spooled: 4,
  degraded: true,
  cluster: { heard: false, nodes: 3 },
  cloud: {
    addresses: [{ family: 'v4', states: { held: 19, free: 16, claimed: 2, cooling: 1, coming: 16 } }],
    nics: { ready: 2, preparing: 1 },
    intents: { assign: 1, createNic: 0 },
    troubles: { exhausted: 1 },
  },
};

/** name{labels} → value. */
async function scrape(act: (metrics: ReturnType<typeof createMetrics>) => void): Promise<Map<string, number>> {
  const metrics = createMetrics('1.2.3');
  act(metrics);
  const text = await metrics.text(sample);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

test('a call counts in every stage with its result, in seconds', async () => {
  const seen = await scrape((metrics) => metrics.call('ADD', 'ok', { total: 0.0015, claim: 0.0001 }));
  const call = (rest: string) => seen.get(`berth_cni_call_duration_seconds_${rest}`);
  expect(call('count{verb="ADD",stage="total",result="ok"}')).toBe(1);
  expect(call('sum{verb="ADD",stage="claim",result="ok"}')).toBeCloseTo(0.0001);
  expect(call('bucket{le="0.001",verb="ADD",stage="total",result="ok"}')).toBe(0);
  expect(call('bucket{le="0.002",verb="ADD",stage="total",result="ok"}')).toBe(1);
});

test('counters count, and the sample is what is true at the scrape', async () => {
  const seen = await scrape((metrics) => {
    metrics.refused('exhausted');
    metrics.refused('exhausted');
    metrics.repaired('pod', 3);
    metrics.kernelError('EBUSY');
    metrics.journalSeconds(0.0003);
  });
  expect(seen.get('berth_refusals_total{why="exhausted"}')).toBe(2);
  expect(seen.get('berth_repaired_items_total{owner="pod"}')).toBe(3);
  expect(seen.get('berth_netlink_errors_total{errno="EBUSY"}')).toBe(1);
  expect(seen.get('berth_journal_commit_duration_seconds_count')).toBe(1);
  expect(seen.get('berth_addresses{family="v4",state="free"}')).toBe(250);
  expect(seen.get('berth_addresses{family="v6",state="usable"}')).toBe(2 ** 64);
  expect(seen.get('berth_waiting_adds{family="v4"}')).toBe(3);
  expect(seen.get('berth_spooled_deletes')).toBe(4);
  expect(seen.get('berth_degraded')).toBe(1);
  expect(seen.get(`berth_build_info{version="1.2.3",node_version="${process.versions.node}"}`)).toBe(1);
  expect(seen.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
});

test('a call of the cloud counts by action and outcome, and the sample tells NICs, intents and troubles', async () => {
  const seen = await scrape((metrics) => {
    metrics.cloudCall('AssignPrivateIpAddresses', 'ok', 0.4);
    metrics.cloudCall('AssignPrivateIpAddresses', 'throttled', 0.01);
  });
  const call = (rest: string) => seen.get(`berth_cloud_call_duration_seconds_${rest}`);
  expect(call('count{action="AssignPrivateIpAddresses",outcome="ok"}')).toBe(1);
  expect(call('bucket{le="0.025",action="AssignPrivateIpAddresses",outcome="throttled"}')).toBe(1);
  expect(seen.get('berth_pool_addresses{family="v4",state="coming"}')).toBe(16);
  expect(seen.get('berth_nics{state="preparing"}')).toBe(1);
  expect(seen.get('berth_cloud_intents{kind="assign"}')).toBe(1);
  expect(seen.get('berth_cloud_intents{kind="createNic"}')).toBe(0);
  expect(seen.get('berth_cloud_troubles{kind="exhausted"}')).toBe(1);
});

test('calls of the API server count by what they asked, and the sample tells whether the cluster is heard', async () => {
  const seen = await scrape((metrics) => {
    metrics.apiCall('watch', 'nodes', 'expired');
    metrics.apiEvent('nodes');
  });
  expect(seen.get('berth_api_calls_total{verb="watch",resource="nodes",outcome="expired"}')).toBe(1);
  expect(seen.get('berth_api_watch_events_total{resource="nodes"}')).toBe(1);
  expect([seen.get('berth_api_unheard'), seen.get('berth_cluster_nodes')]).toEqual([1, 3]);
});

test('a node of no cluster is not told to be unheard', async () => {
  const { cluster: _cluster, ...bare } = sample;
  expect(await createMetrics('0').text(bare)).toContain('\nberth_api_unheard 0\n');
});

test('without a cloud nothing is told of one', async () => {
  const { cloud: _cloud, ...bare } = sample;
  const text = await createMetrics('0').text(bare);
  expect(text.split('\n').filter((line) => /^berth_(nics|pool|cloud)/.test(line))).toEqual([]);
});

test('everything exposed is in the table, and everything in the table is exposed', async () => {
  const text = await createMetrics('0').text(sample);
  const exposed = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(exposed.toSorted()).toEqual(
    Object.values(METRICS)
      .map(({ name, type }) => `${name} ${type}`)
      .toSorted(),
  );
});

test('names carry their unit, counters end in _total, and no label can grow without bound', () => {
  for (const { name, type, labels } of Object.values<MetricLine>(METRICS)) {
    expect(name).toMatch(/^(berth|process)_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(labels.filter((label) => /pod|ip|address|container/.test(label))).toEqual([]);
  }
});
