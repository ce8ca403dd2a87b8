import { parentPort, workerData } from 'node:worker_threads';
import { game, type GameName } from './game.ts';
import { leaveUnfinished } from './life.ts';
import type { SeedResult } from './verdict.ts';

/** What a worker is started with. */
export interface WorkerTask {
  readonly game: GameName;
  readonly plant: string | undefined;
}

/** A seed was played. */
export interface Played extends SeedResult {
  readonly seed: number;
}

// Plays each seed that it is sent, and answers what became of it.

Error.stackTraceLimit = 0; // errors are plenty here, and nobody reads where they came from
leaveUnfinished();
const { game: name, plant } = workerData as WorkerTask;
const playing = game(name);

parentPort?.on('message', (seed: number) => {
  void playing
    .then(({ play }) => play(seed, { plant }))
    .then((result) => {
      const played: Played = { seed, ...result };
      parentPort?.postMessage(played);
    });
});
