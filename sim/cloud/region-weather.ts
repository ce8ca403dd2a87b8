import type { Random } from '../../src/base/random.ts';
import { withoutTrouble, withTrouble } from '../../emulator/cloud/strike.ts';
import type { Trouble } from '../../emulator/cloud/trouble.ts';
import type { Region } from './region.ts';

/** What may go wrong between the nodes and their cloud. */
export interface RegionWeather {
  readonly troubles: readonly Trouble[];
  readonly metadataFails: number; // share of what metadata are asked
}

const FAIR: RegionWeather = { troubles: [], metadataFails: 0 };

type Sort = readonly [word: string, of: (lot: number) => Pick<Trouble, 'what'> & Partial<Trouble>];

const MUTATING = ['CreateNetworkInterface', 'AttachNetworkInterface', 'AssignPrivateIpAddresses'] as const;

const SORTS: readonly Sort[] = [
  ['answers are lost', (lot) => ({ what: { kind: 'lose' }, chance: 0.05 + lot * 0.4 })],
  ['it fails', (lot) => ({ what: { kind: 'error', status: lot < 0.5 ? 500 : 503 }, chance: 0.05 + lot * 0.4 })],
  ['it throttles', (lot) => ({ what: { kind: 'throttle' }, chance: 0.1 + lot * 0.4 })],
  ['it hangs', (lot) => ({ what: { kind: 'hang' }, chance: 0.02 + lot * 0.2 })],
  ['it is slow', (lot) => ({ what: { kind: 'slow', byMs: 50 + lot * 15_000 }, chance: 0.1 + lot * 0.3 })],
  ['a Describe lags', (lot) => ({ what: { kind: 'lag', viewer: 'describe', byMs: 1_000 + lot * 30_000 } })],
  ['metadata lag', (lot) => ({ what: { kind: 'lag', viewer: 'metadata', byMs: 1_000 + lot * 58_000 } })],
  ['subnets are dry', (lot) => ({ what: { kind: 'exhaust', of: lot < 0.5 ? 'address' : 'prefix' }, chance: 0.5 })],
  [
    'a right is missing',
    (lot) => ({ what: { kind: 'deny' }, scope: { action: MUTATING[Math.floor(lot * MUTATING.length)] ?? '' } }),
  ],
];

/** The weather of a region: fair for a third of them. */
export function regionWeatherOf(random: Random): RegionWeather {
  if (random.fraction() < 0.33) return FAIR;
  const troubles: Trouble[] = [];
  for (const [name, of] of SORTS)
    if (random.fraction() < 0.25) troubles.push({ name, scope: {}, ...of(random.fraction()) });
  return { troubles, metadataFails: random.fraction() < 0.2 ? 0.05 + random.fraction() * 0.3 : 0 };
}

/** Whether what was just made is shown late. */
export function describeLags({ troubles }: RegionWeather): boolean {
  return troubles.some(({ what }) => what.kind === 'lag' && what.viewer === 'describe');
}

/** In a line, for whoever reads a story. */
export function regionWeatherText({ troubles, metadataFails }: RegionWeather): string {
  const told = [...troubles.map(({ name }) => name), metadataFails > 0 ? 'metadata fail' : []].flat();
  return told.join(', ') || 'the cloud does well';
}

/** The troubles begin. */
export function darken(region: Region, { troubles }: RegionWeather): void {
  for (const trouble of troubles) region.cloud = withTrouble(region.cloud, trouble).cloud;
}

/** From now on the cloud does well. */
export function clear(region: Region, { troubles }: RegionWeather): void {
  for (const { name } of troubles) region.cloud = withoutTrouble(region.cloud, name).cloud;
}
