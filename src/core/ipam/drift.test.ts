import { expect, test } from 'vitest';
import type { Holdable } from './nic.ts';
import { censusOf } from './pool.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { id } from './testing/driver.ts';
import { limitsOf, Refused } from './testing/tiny-cloud.ts';

/** Two NICs full of pods, told of by the API more than a minute ago. */
function twoNics(policy = {}): CloudDriver {
  const it = new CloudDriver({ limits: limitsOf(2, 6) }, policy).start().pods(8).passes(700_000);
  expect([it.shape, it.granted.size]).toEqual([[5, 5], 8]);
  return it;
}

const said = (it: CloudDriver, word: string) => it.log.filter((line) => line.split(' ')[1] === word);

/** What the node's reports leave out. */
function hidden(it: CloudDriver, hides: (what: { nic: string; held?: Holdable; sure: boolean }) => boolean): void {
  it.seen = (sure) =>
    it.cloud
      .report()
      .filter(({ id: nic }) => !hides({ nic, sure }))
      .map((report) => ({
        ...report,
        addresses: report.addresses.filter((held) => !hides({ nic: report.id, held, sure })),
      }));
}

test('A43: metadata that omit a NIC for 60 s harm no pod: the API is asked, and nothing is believed', () => {
  const it = twoNics();
  hidden(it, ({ nic, held, sure }) => !sure && held === undefined && nic === it.nic(1));
  it.passes(60_000);
  expect(said(it, 'lost')).toEqual([]);
  it.pods(10).passes(2_000);
  expect([it.granted.size, it.refusals.size]).toEqual([10, 0]);
});

test('A43: the API itself must miss it twice, ten seconds apart', () => {
  const it = twoNics();
  let sureReports = 0;
  hidden(it, ({ nic, held, sure }) => held === undefined && nic === it.nic(1) && (!sure || sureReports < 1));
  const { seen } = it;
  it.seen = (sure) => {
    const nics = seen(sure);
    if (sure) sureReports++;
    return nics;
  };
  it.passes(120_000);
  expect(sureReports).toBeGreaterThan(1);
  expect(said(it, 'lost')).toEqual([]);
  it.pods(10).passes(2_000);
  expect(it.granted.size).toBe(10);
});

test('A44: an API that still tells of a NIC whose link has gone is asked again until it knows', () => {
  const it = twoNics();
  const gone = it.nic(1);
  it.feed({ kind: 'nicGone', nic: gone });
  it.passes(5_000); // on its way out, and still told of
  it.cloud.nics.delete(gone);
  it.passes(30_000);
  expect(said(it, 'lost')).toHaveLength(1);
});

test('A44: that a NIC is young does not delay what is told of it, once its link has gone as well', () => {
  const it = new CloudDriver({ limits: limitsOf(2, 6) }).start().pods(8).passes(5_000);
  const gone = it.nic(1);
  it.cloud.nics.delete(gone);
  it.feed({ kind: 'nicGone', nic: gone });
  it.passes(9_000);
  expect(said(it, 'lost')).toEqual([]);
  it.passes(6_000);
  expect(said(it, 'lost')).toEqual([expect.stringMatching(/lost eni-1 whole \[p5,p6,p7\]$/)]);
});

test('A44: a young NIC whose link comes again is lost by no report that misses it', () => {
  const it = new CloudDriver({ limits: limitsOf(2, 6) }).start().pods(8).passes(5_000);
  const nic = it.nic(1);
  hidden(it, (what) => what.held === undefined && what.nic === nic);
  it.feed({ kind: 'nicGone', nic });
  it.passes(5_000);
  it.feed({ kind: 'nicReady', nic });
  it.passes(30_000);
  it.seen = () => it.cloud.report();
  it.passes(120_000);
  expect([said(it, 'lost'), it.pool.cloud?.nics[1]?.trust]).toEqual([[], 'sure']);
});

test('A44: a NIC detached from outside is told with its pods; nothing of it is given meanwhile, nor after', () => {
  const it = twoNics();
  const gone = it.nic(1);
  const held = [...(it.cloud.nics.get(gone)?.holds ?? [])];
  it.cloud.nics.delete(gone);
  it.feed({ kind: 'nicGone', nic: gone });
  const free = Number(censusOf(it.pool, 'v4', it.now).free);
  it.add('late', 9_000);
  expect(free).toBe(0);
  it.passes(30_000);
  expect(said(it, 'lost')).toEqual([expect.stringMatching(/lost eni-1 whole \[p5,p6,p7\]$/)]);
  expect(it.pool.claims.get(id('p7'))).toHaveLength(1); // its DEL will come
  for (const name of ['p5', 'p6', 'p7']) it.remove(name);
  it.passes(60_000);
  expect(held.some((address) => it.pool.slots.has(address as never))).toBe(false);
});

test('A44: an address taken from outside is confirmed twice, then told with its pod, and not given again', () => {
  const it = twoNics();
  const [taken] = it.pool.claims.get(id('p7')) ?? [];
  it.cloud.takeBack(it.nic(1), taken as Holdable);
  it.passes(700_000);
  expect(said(it, 'lost')).toEqual([expect.stringContaining(`lost eni-1 ${taken} [p7]`)]);
  it.remove('p7');
  it.passes(100_000).pods(7);
  for (let i = 0; i < 3; i++) it.add(`n${i}`);
  it.passes(5_000);
  for (const held of it.pool.slots.keys()) expect(it.cloud.holds(held)).toBe(true);
});

test('A45: an address added from outside is adopted, told, and given once', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 20) }).start();
  const added = it.cloud.putFromOutside(it.nic(0));
  it.passes(700_000);
  expect(said(it, 'found')).toEqual([expect.stringContaining(`${added} taken`)]);
  it.pods(3).passes(5_000);
  expect([...it.pool.slots.keys()]).toContain(added);
});

test('A45: or it is left alone, by policy, and only takes its slot', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 5) }, { foreign: 'ignore' }).start();
  const added = it.cloud.putFromOutside(it.nic(0));
  it.passes(700_000).pods(4).passes(5_000);
  expect(said(it, 'found')).toEqual([expect.stringContaining(`${added} ignored`)]);
  expect([...it.pool.slots.keys()]).not.toContain(added);
  expect(it.granted.size).toBe(3);
  expect(it.refusals.get('p3')).toMatchObject({ why: 'nic-limit', slots: 4, foreign: 1 });
});

test('what was given back is not taken up again from a report that lags', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 20) }, { targets: { warmAddresses: 1 } }).start();
  it.pods(10).passes(600_000);
  const before = it.cloud.report();
  it.pods(0);
  while (it.cloud.calls.unassign === 0) it.passes(500);
  const lagUntil = it.now + 30_000;
  it.seen = () => (it.now < lagUntil ? before : it.cloud.report());
  it.feed({ kind: 'nicGone', nic: it.nic(0) }); // somebody asks for a report
  it.passes(25_000);
  for (const { report, holds } of it.pool.cloud?.nics ?? [])
    expect([...holds.keys()].every((held) => it.cloud.nics.get(report.id)?.holds.has(held))).toBe(true);
});

test('a report asked for before an assign was answered takes nothing of it away', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 20) }, { targets: { warmAddresses: 1 } }).start();
  const before = it.cloud.report();
  it.pods(10).passes(1_000);
  it.feed({ kind: 'reported', nics: before, sure: true, asOf: it.now - 900 });
  it.feed({ kind: 'reported', nics: before, sure: true, asOf: it.now });
  expect(Number(censusOf(it.pool, 'v4', it.now).free)).toBe(1);
  expect(said(it, 'lost')).toEqual([]);
});

test('what was given back by a call whose answer was lost is not given again, though a later try is denied', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 20) }, { targets: { warmAddresses: 1 } }).start();
  it.pods(10).passes(600_000).pods(0);
  const real = it.cloud.carryOut.bind(it.cloud);
  it.cloud.carryOut = (intent) => {
    const answer = real(intent); // it happens
    if (intent.kind !== 'unassign') return answer;
    it.cloud.carryOut = real;
    it.failures.push('denied');
    throw new Refused('unknown', 'the answer was lost');
  };
  while (it.cloud.calls.unassign === 0) it.passes(500);
  it.passes(5_000).pods(10).passes(5_000);
  for (const held of it.pool.slots.keys()) expect(it.cloud.holds(held)).toBe(true);
  it.passes(120_000);
  expect(said(it, 'lost')).toEqual([]);
});
