import { Worker } from 'node:worker_threads';
import type { GameName } from './game.ts';
import type { Violation } from './verdict.ts';
import type { Played, WorkerTask } from './worker.ts';

/** Most of what a run makes is soon forgotten: with more room for the young, less of it is copied. */
const ROOM = { maxYoungGenerationSizeMb: 96 };

/** What became of many seeds. */
export interface Outcome {
  readonly seeds: number;
  readonly crashPoints: number;
  readonly violations: readonly Violation[];
}

export interface SeedsOptions {
  readonly from: number;
  readonly to: number; // included
  readonly workers: number;
  /** Absent: one node by itself. */
  readonly game?: GameName;
  /** The name of a planted bug. */
  readonly plant?: string;
  /** No further seeds are begun after one with a violation. */
  readonly untilFound?: boolean;
  /** No further seeds are begun after so many crash points. */
  readonly crashes?: number;
  readonly onPlayed?: (soFar: Outcome) => void;
}

/** Plays seeds in several threads. Throws what a thread throws. */
export async function playSeeds(options: SeedsOptions): Promise<Outcome> {
  let next = options.from;
  let [seeds, crashPoints] = [0, 0];
  const violations: Violation[] = [];
  const sum = (): Outcome => ({ seeds, crashPoints, violations: violations.toSorted(bySeed) });
  const take = (): number | undefined => {
    const found = options.untilFound === true && violations.length > 0;
    const enough = options.crashes !== undefined && crashPoints >= options.crashes;
    return found || enough || next > options.to ? undefined : next++;
  };
  const played = (result: Played) => {
    seeds++;
    crashPoints += result.crashPoints;
    violations.push(...result.violations);
    options.onPlayed?.(sum());
  };
  const task = { game: options.game ?? 'node', plant: options.plant };
  await Promise.all(Array.from({ length: options.workers }, () => oneWorker(task, take, played)));
  return sum();
}

function bySeed(a: Violation, b: Violation): number {
  return a.seed - b.seed || a.at - b.at;
}

/** A thread that plays seed after seed, until there is none. */
function oneWorker(task: WorkerTask, take: () => number | undefined, played: (result: Played) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: task, resourceLimits: ROOM });
    const go = () => {
      const seed = take();
      if (seed === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(seed);
    };
    worker.on('message', (result: Played) => {
      played(result);
      go();
    });
    worker.on('error', reject);
    go();
  });
}
