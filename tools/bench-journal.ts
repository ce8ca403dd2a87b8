// node tools/bench-journal.ts [DIRECTORY]: what the journal costs, on the disk of a directory (default: the temporary
// one).
// An ADD waits for one "append"; a "rotation" is the longest that one can take. Microseconds unless said.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { address, prefix } from '../src/base/ip.ts';
import { attachmentId, type AttachmentRecord } from '../src/core/attachment.ts';
import { hostLinkName, podMacs, podPlan } from '../src/core/datapath/pod-plan.ts';
import type { MemoryRecord } from '../src/core/memory/record.ts';
import { openJournal } from '../src/io/store/open-journal.ts';
import { linuxDisk } from '../src/io/store/linux-disk.ts';
import { realClock } from '../src/io/system/clock.ts';

const ROUNDS = 4_000;
const PODS = Array.from({ length: 500 }, (_, i) => attachment(i));
const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'berth-bench-journal-'));
const disk = linuxDisk(folder);

try {
  const { journal } = openJournal({ disk, clock: realClock });
  const bytes = Buffer.byteLength(JSON.stringify(claim(0)));
  const few = await churn(journal, 10);
  await journal.synced();
  for (let i = 0; i < 500; i++) await journal.append([claim(i)]);
  await journal.synced();
  const many = await churn(journal, 500);
  const synced = await timed(200, async (i) => {
    await journal.append([release(i % 500), claim(i % 500)]);
    await journal.synced();
  });
  await journal.close();
  const opened: number[] = [];
  for (let i = 0; i < 9; i++) {
    const began = performance.now();
    const { journal: next } = openJournal({ disk, clock: realClock });
    opened.push((performance.now() - began) * 1_000);
    await next.close();
  }
  console.log(`a claim is a record of ${bytes} bytes`);
  show('append, 10 pods', few);
  show('append, 500 pods (most: rotation)', many);
  show('append and synced()', synced);
  show(
    'open with 500 pods',
    opened.sort((a, b) => a - b),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Pods that come and go, each append timed. */
function churn(journal: { append(records: readonly MemoryRecord[]): Promise<void> }, pods: number): Promise<number[]> {
  return timed(ROUNDS, async (i) => {
    await journal.append([i % 2 === 0 ? claim((i >> 1) % pods) : release((i >> 1) % pods)]);
  });
}

async function timed(rounds: number, work: (i: number) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    await work(i);
    times.push((performance.now() - began) * 1_000);
    if (i % 16 === 0) await new Promise((done) => setImmediate(done)); // the background has its turn
  }
  return times.sort((a, b) => a - b);
}

function show(name: string, times: readonly number[]): void {
  const at = (part: number) => (times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0).toFixed(0);
  console.log(
    `${name.padEnd(36)} median ${at(0.5).padStart(6)}   p99 ${at(0.99).padStart(6)}   most ${at(1).padStart(6)}`,
  );
}

function claim(i: number): MemoryRecord {
  return { kind: 'claim', attachment: podOf(i) };
}

function release(i: number): MemoryRecord {
  const { id, addresses } = podOf(i);
  return { kind: 'release', id, addresses, freeAt: 1 };
}

function podOf(i: number): AttachmentRecord {
  return PODS[i % PODS.length] ?? attachment(i);
}

/** A dual-stack pod of the routed mode, as an ADD leaves it on record. */
function attachment(i: number): AttachmentRecord {
  const name = { network: 'pods', containerId: i.toString(16).padStart(64, 'c'), ifname: 'eth0' };
  const id = attachmentId(name);
  const addresses = [address(`10.0.${3 + (i >> 8)}.${i & 255}`), address(`fd00:3::${i.toString(16)}`)];
  const plan = podPlan({
    id,
    ifname: 'eth0',
    hostLink: hostLinkName(id),
    ...podMacs(id),
    mtuBytes: 1450,
    ordinal: 0,
    ports: [],
    bandwidth: {},
    mode: 'routed',
    addresses,
  });
  const result = JSON.stringify({
    cniVersion: '1.1.0',
    interfaces: plan.slice(0, 2),
    ips: addresses,
    routes: [prefix('0.0.0.0/0'), prefix('::/0')],
  });
  return { id, name, netns: `/run/netns/cni-${i}`, addresses, ports: [], ordinal: 0, plan, result, since: i };
}
