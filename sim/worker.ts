import { parentPort, workerData } from 'node:worker_threads';
import { NO_PLANT } from './plant.ts';
import { PLANTED } from './planted.ts';
import { playSeed, type SeedResult } from './seed.ts';

/** What a worker is started with. */
export interface WorkerTask {
  readonly plant: string | undefined;
}

/** A seed was played. */
export interface Played extends SeedResult {
  readonly seed: number;
}

// Plays each seed that it is sent, and answers what became of it.

const { plant: name } = workerData as WorkerTask;
const plant = name === undefined ? NO_PLANT : (PLANTED[name] ?? NO_PLANT);

parentPort?.on('message', (seed: number) => {
  void playSeed(seed, { plant }).then((result) => {
    const played: Played = { seed, ...result };
    parentPort?.postMessage(played);
  });
});
