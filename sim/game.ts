import type { SeedOptions } from './seed.ts';
import type { SeedResult } from './verdict.ts';

/** What is played: a seed with or without a bug, by the bug's name. */
export interface Game {
  readonly plants: readonly string[];
  /** What one seed is about, in a line. */
  readonly text: (seed: number) => string;
  readonly play: (seed: number, options: GameOptions) => Promise<SeedResult>;
}

export type GameOptions = Omit<SeedOptions, 'plant'> & { readonly plant: string | undefined };

/** Which game: one node by itself, nodes in a cloud, or a whole cluster. */
export type GameName = 'node' | 'cloud' | 'cluster';

/** A game is loaded only where it is played: the SDK is large. */
export function game(name: GameName): Promise<Game> {
  return GAMES[name]();
}

const GAMES: Readonly<Record<GameName, () => Promise<Game>>> = {
  node: nodeGame,
  cloud: cloudGame,
  cluster: clusterGame,
};

async function nodeGame(): Promise<Game> {
  const { NO_PLANT } = await import('./plant.ts');
  const { PLANTED } = await import('./planted.ts');
  const { playSeed, seedText } = await import('./seed.ts');
  return {
    plants: Object.keys(PLANTED),
    text: seedText,
    play: (seed, { plant = '', ...options }) => playSeed(seed, { ...options, plant: PLANTED[plant] ?? NO_PLANT }),
  };
}

async function cloudGame(): Promise<Game> {
  const { NO_CLOUD_PLANT } = await import('./cloud/cloud-plant.ts');
  const { CLOUD_PLANTED } = await import('./cloud/cloud-planted.ts');
  const { cloudSeedText, playCloudSeed } = await import('./cloud/cloud-seed.ts');
  return {
    plants: Object.keys(CLOUD_PLANTED),
    text: cloudSeedText,
    play: (seed, { plant = '', ...options }) =>
      playCloudSeed(seed, { ...options, plant: CLOUD_PLANTED[plant] ?? NO_CLOUD_PLANT }),
  };
}

async function clusterGame(): Promise<Game> {
  const { NO_CLUSTER_PLANT } = await import('./cluster/cluster-plant.ts');
  const { CLUSTER_PLANTED } = await import('./cluster/cluster-planted.ts');
  const { clusterSeedText, playClusterSeed } = await import('./cluster/cluster-seed.ts');
  return {
    plants: Object.keys(CLUSTER_PLANTED),
    text: clusterSeedText,
    play: (seed, { plant = '', ...options }) =>
      playClusterSeed(seed, { ...options, plant: CLUSTER_PLANTED[plant] ?? NO_CLUSTER_PLANT }),
  };
}
