import { ACCESS_KEY } from '../../emulator/server/start.ts';
import { type Burst, bursts } from './burst.ts';
import { type Churn, churn } from './churn.ts';
import { type Crowd, crowd } from './crowd.ts';
import { type Fleet, fleet } from './fleet.ts';
import type { LiveCells } from './live.ts';
import type { Cells } from './report.ts';
import { capacityOf, type Kind, type Side } from './sides.ts';

const KINDS: readonly Kind[] = [
  { type: 'm5.large', unit: 'prefix' },
  { type: 'm5.large', unit: 'address' },
  { type: 'm5.xlarge', unit: 'address' },
  { type: 'm5.24xlarge', unit: 'address' },
];
const SIZES = [1, 10, 30, 110];
const SEEDS = [1, 2, 3, 4, 5];

const CHURNS: readonly Churn[] = [
  { type: 'm5.xlarge', unit: 'address', pods: 20, everyMs: 10_000, forMs: 600_000 },
  { type: 'm5.large', unit: 'prefix', pods: 20, everyMs: 10_000, forMs: 600_000 },
];
const FLEETS: readonly Fleet[] = [
  { type: 'm5.xlarge', unit: 'address', nodes: 20, pods: 30 },
  { type: 'm5.large', unit: 'prefix', nodes: 20, pods: 30 },
];

const CROWDS: readonly Crowd[] = [
  { type: 'm5.large', unit: 'prefix', nodes: 500, pods: 10, everyMs: 60_000, forMs: 300_000 },
];
/** The model of aws-node ends where a call stays throttled. */
const CROWD_SIDE: Side = { program: 'berth', targets: 'defaults' };

/** All that simulated time measures: the same seeds, so the same figures on every machine. */
export async function simulate(tell: (line: string) => void): Promise<Omit<Cells, keyof LiveCells>> {
  return withKeys(async () => {
    const burstCells = [];
    for (const of of everyBurst()) {
      tell(`${of.pods} pods at once, ${of.type}, ${of.unit}, ${of.pool} pool`);
      burstCells.push(...(await bursts(of, SEEDS)));
    }
    const [churnCells, fleetCells] = [[], []] as [
      Awaited<ReturnType<typeof churn>>[],
      Awaited<ReturnType<typeof fleet>>[],
    ];
    for (const of of CHURNS) {
      tell(`one pod goes and another comes, for 10 minutes, ${of.type}, ${of.unit}`);
      churnCells.push(await churn(of, 1));
    }
    for (const of of FLEETS) {
      tell(`${of.nodes} nodes at once, ${of.type}, ${of.unit}`);
      fleetCells.push(await fleet(of, 1));
    }
    const crowds = [];
    for (const of of CROWDS) {
      tell(`${of.nodes} nodes at once, ${of.type}, ${of.unit}`);
      crowds.push(await crowd(of, CROWD_SIDE, 1));
    }
    return { bursts: burstCells, churns: churnCells.flat(), fleets: fleetCells.flat(), crowds };
  });
}

/** As many as fit on a node. */
function everyBurst(): readonly Burst[] {
  return KINDS.flatMap((kind) => {
    const sizes = [...new Set(SIZES.map((size) => Math.min(size, capacityOf(kind))))];
    return (['warm', 'cold'] as const).flatMap((pool) => sizes.map((pods) => ({ ...kind, pool, pods })));
  });
}

/** With keys in the environment, where the SDK looks first. */
export async function withKeys<T>(work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  const own = { AWS_ACCESS_KEY_ID: ACCESS_KEY.id, AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secret };
  const files = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
  for (const name of ['AWS_SESSION_TOKEN', 'AWS_PROFILE']) delete process.env[name];
  Object.assign(process.env, own, files);
  try {
    return await work();
  } finally {
    for (const name of Object.keys({ ...own, ...files })) delete process.env[name];
    Object.assign(process.env, before);
  }
}
