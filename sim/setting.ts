import { cloudDefaults } from '../src/io/config/cloud-defaults.ts';
import { type Address, addressIn, contains, familyOf, type Prefix, prefix } from '../src/base/ip.ts';
import type { Random } from '../src/base/random.ts';
import { usableCount, reservedReason } from '../src/core/ipam/ranges.ts';
import type { AgentConfig } from '../src/io/config/agent-config.ts';

/** How the agent of one run is configured, and what follows from it. */
export interface Setting {
  readonly config: AgentConfig;
  readonly givable: (address: Address) => boolean;
  readonly pods: number; //     how many can have addresses at once
  readonly foreign: boolean; // hands that take things away, and a repairer that puts them back
  readonly fileBytes: number; // of a file of the journal
  /** So much longer than its patience an ADD may take: one answer that never comes. */
  readonly graceMs?: number;
  readonly rot: boolean; //     a bit of the disk turns over while the process is down
}

/** What somebody may write into the configuration while the agent runs, or does not. */
export type Edit = Partial<Pick<AgentConfig['network'], 'cluster' | 'masquerade' | 'forwardAccept'>>;

const NO_CLOUD = cloudDefaults();
const V4 = prefix('10.0.3.0/29');
const V6 = prefix('fd00:3::/125');

export function settingOf(random: Random): Setting {
  const chance = (share: number) => random.fraction() < share;
  const ranges: readonly Prefix[] = chance(0.3) ? [V4, V6] : chance(0.1) ? [V6] : [V4];
  const reserved = reservedOf(ranges, random.fraction());
  const foreign = chance(0.15);
  const config: AgentConfig = {
    ...NO_CLOUD,
    nodeName: 'sim',
    network: {
      mode: chance(0.25) ? 'bridge' : 'routed',
      bridge: 'berth0',
      ranges,
      reserved,
      mtuBytes: 'auto',
      uplink: 'auto',
      cluster: [prefix('10.0.0.0/16')],
      masquerade: { enabled: true, except: [], ports: 'kept' },
      peers: [],
      tunnel: { use: 'never', vni: 4077, port: 4789 },
      forwardAccept: chance(0.2),
    },
    pool: { cooldownMs: 30_000, patienceMs: chance(0.3) ? 10_000 : 60_000, waitingLimit: 8 },
    repair: { enabled: foreign, delayMs: 300, intervalMs: 30_000, installation: 'never' },
    paths: { socket: '', adminSocket: '', state: '', spool: '' },
    http: { listen: undefined },
    log: { level: 'info', format: 'json', file: undefined, fileBytes: 1 },
  };
  const poolRanges = ranges.map((range) => ({ prefix: range, gateway: addressOf(range, 1), reserved }));
  const counts = poolRanges.map((range) => Number(usableCount(range)));
  const givable = (address: Address) =>
    poolRanges.some((range) => contains(range.prefix, address) && reservedReason(range, address) === undefined);
  return {
    config,
    givable,
    pods: Math.min(...counts),
    foreign,
    rot: chance(0.1),
    fileBytes: fileBytesOf(random.fraction()),
  };
}

/** The setting in a line, for whoever reads a story. */
export function settingText({ config: { network, pool, repair }, pods, rot }: Setting): string {
  const ranges = `${network.ranges.join(' and ')} less ${network.reserved.join(', ') || 'nothing'}: for ${pods} pods`;
  const times = `addresses cool ${pool.cooldownMs / 1_000} s, an ADD waits ${pool.patienceMs / 1_000} s`;
  const more = [repair.enabled ? 'hands take things away' : [], rot ? 'a bit of the disk turns over' : []].flat();
  return [network.mode, ranges, times, ...more].join('; ');
}

/** From 16 to 64 KiB: files end at other places each time, and often. */
function fileBytesOf(lot: number): number {
  return (16 + 8 * Math.floor(lot * 7)) * 1024;
}

/** All but two, three or some more of a range's addresses: where few are given, each is soon given again. */
function reservedOf(ranges: readonly Prefix[], lot: number): readonly Address[] {
  const first = lot < 0.35 ? 4 : lot < 0.9 ? 5 : 7;
  return ranges.flatMap((range) => [4, 5, 6, 7].flatMap((n) => (n < first ? [] : [addressOf(range, n)])));
}

/** The n-th address of one of our small ranges. */
export function addressOf(range: Prefix, n: number): Address {
  const first: string = addressIn(range);
  return (familyOf(range) === 'v4' ? first.replace(/\d+$/, `${n}`) : `${first}${n}`) as Address;
}
