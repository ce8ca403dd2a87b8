// How much the emulator's state weighs without a server, and how long it looks for an answer.
//   node tools/emulator-size/core.ts [instances]     5,000 unless told
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Cloud, emptyCloud } from '../../emulator/cloud/cloud.ts';
import { load, save } from '../../emulator/cloud/snapshot.ts';
import type { Id, Kind } from '../../emulator/cloud/nouns.ts';
import type { Request } from '../../emulator/cloud/request.ts';
import type { CloudRules, IdForm } from '../../emulator/cloud/rules.ts';
import { type Stepped, step } from '../../emulator/cloud/step.ts';
import { prefix } from '../../src/base/ip.ts';
import { seeded } from '../../src/base/random.ts';

const KINDS: readonly Kind[] = [
  ...(['vpc', 'subnet', 'reservation', 'group', 'rule', 'route-table', 'gateway', 'nat'] as const),
  ...(['instance', 'nic', 'attachment', 'job'] as const),
];
const form = (kind: Kind): [Kind, IdForm] => [kind, { prefix: `${kind}-`, letters: 17, alphabet: '0123456789abcdef' }];
const RULES: CloudRules = {
  dialect: 'aws',
  ids: Object.fromEntries(KINDS.map(form)) as CloudRules['ids'],
  reserved: { first: 4, last: 1 },
  prefixLengths: { v4: 28, v6: 80 },
  delays: { attach: [1, 1], detach: [1, 1], launch: [1, 1], describe: [0, 0], metadata: [0, 0], job: [0, 0] },
  buckets: {},
  limits: () => {
    return {
      cards: [{ nics: 4 }],
      addressesPerNic: 15,
      addresses6PerNic: 15,
      nitro: true,
      vcpus: 4,
      memoryMiB: 16_384,
    };
  },
};

/** A region under way, with a clock. */
class Region {
  cloud: Cloud;
  #now = 1_000_000;
  readonly #random = seeded(7);

  constructor(lateMs: number) {
    const delays = { ...RULES.delays, describe: [lateMs, lateMs], metadata: [lateMs, lateMs] } as const;
    this.cloud = emptyCloud({ ...RULES, delays }, ['one', 'two']);
  }

  ask(request: Request): Stepped {
    const call = { action: request.do, group: 'all', account: 'me', request };
    const stepped = step(this.cloud, call, { now: this.#now++, random: this.#random });
    if ('fault' in stepped.reply) throw new Error(`${request.do}: ${JSON.stringify(stepped.reply.fault)}`);
    this.cloud = stepped.cloud;
    return stepped;
  }
}

/** Instances with two NICs of fifteen addresses each. */
function filled(instances: number, lateMs: number): Region {
  const region = new Region(lateMs);
  region.ask({ do: 'create-vpc', range: prefix('10.0.0.0/8'), v6: false, tags: {} });
  const vpc = [...region.cloud.vpcs.keys()][0] as Id;
  for (let i = 0; i < 4; i++)
    region.ask({ do: 'create-subnet', vpc, v4: prefix(`10.${i}.0.0/16`), zone: i < 2 ? 'one' : 'two', tags: {} });
  const subnets = [...region.cloud.subnets.keys()];
  for (let i = 0; i < instances; i++) {
    const subnet = subnets[i % subnets.length] as Id;
    const tags = { 'node.k8s.amazonaws.com/instance_id': `node-${i}` };
    const nic = { subnet, addresses: { count: 14 }, description: `aws-K8S-node-${i}`, tags };
    const nics = [0, 1].map((device) => ({ ...nic, device }));
    region.ask({ do: 'run-instances', least: 1, most: 1, type: 'm5.xlarge', nics, tags: { Name: `node-${i}` } });
  }
  return region;
}

function heapMiB(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** The median and the worst of many runs, in milliseconds. */
function timed(runs: number, run: (i: number) => void): string {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    run(i);
    times.push(performance.now() - start);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => Number(sorted[Math.floor(part * (runs - 1))]).toFixed(3);
  return `median ${at(0.5)} ms, 99 % ${at(0.99)} ms, worst ${at(1)} ms`;
}

/** `lateMs`: how long what changes is seen as it was. A call takes a millisecond of the region's time. */
function measure(instances: number, lateMs: number): void {
  console.log(`\nwhat changes is seen ${lateMs} ms later`);
  const before = heapMiB();
  const start = performance.now();
  const region = filled(instances, lateMs);
  const seconds = (performance.now() - start) / 1000;
  const { nics } = region.cloud;
  let addresses = 0;
  for (const nic of nics.values()) addresses += nic.addresses.length;
  console.log(`${instances} instances, ${nics.size} NICs, ${addresses} addresses in ${seconds.toFixed(1)} s`);
  console.log(`${region.cloud.pastNics.size} NICs just changed, ${(heapMiB() - before).toFixed(0)} MiB of heap`);
  const ids = [...region.cloud.instances.keys()];
  const describe = (more: object) => region.ask({ do: 'describe', kind: 'nic', ...more } as Request);
  const one = (i: number) => describe({ filters: [{ field: 'instance', values: [ids[(i * 37) % ids.length]] }] });
  console.log(`NICs of one instance: ${timed(500, one)}`);
  const nicIds = [...nics.keys()];
  const page = (i: number) => describe({ page: { size: 100, after: nicIds[(i * 97) % nicIds.length] } });
  console.log(`a page of 100 NICs:   ${timed(500, page)}`);
  const orphan = { filters: [{ field: 'state', values: ['available'] }], page: { size: 1000 } };
  console.log(`all NICs filtered:    ${timed(20, () => describe(orphan))}`);
  const grow = (i: number) => region.ask({ do: 'create-nic', subnet: [...region.cloud.subnets.keys()][i % 4] as Id });
  console.log(`a NIC made:           ${timed(500, grow)}`);
  let text = '';
  console.log(`saved:                ${timed(1, () => void (text = save(region.cloud)))}`);
  console.log(`loaded (${(text.length / 2 ** 20).toFixed(0)} MiB):      ${timed(1, () => void load(text, RULES))}`);
}

const instances = Number(process.argv[2] ?? 5000);
measure(instances, 0);
measure(instances, 3000);
