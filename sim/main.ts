// npm run sim -- --seeds 1..500 [--json] [--plant NAME]         plays seeds and judges every crash in them
// npm run sim -- --crashes 100000                               seeds from 1 on, until so many crashes are judged
// npm run sim -- --cloud …                                      nodes in a cloud, instead of one by itself
// npm run sim -- --cluster …                                    a cluster: its nodes, cloud, API server, controller
// npm run sim -- --seed 7 [--at 42] [--points] [--plant NAME]   tells the story of one, and of the crash at a point
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { LAWS } from './checkers.ts';
import { game, type GameName } from './game.ts';
import { leaveUnfinished } from './life.ts';
import type { Violation } from './verdict.ts';
import { type Outcome, playSeeds } from './seeds.ts';

const SHOWN = 10; // violations that are printed one by one
const WORKERS = 16;
const MANY = 1_000_000; // seeds: more than anybody waits for

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    crashes: { type: 'string' },
    cloud: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    seed: { type: 'string' },
    at: { type: 'string' },
    points: { type: 'boolean', default: false },
    plant: { type: 'string' },
    workers: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
leaveUnfinished();
const name: GameName = values.cluster ? 'cluster' : values.cloud ? 'cloud' : 'node';
const playing = await game(name);
if (values.plant !== undefined && !playing.plants.includes(values.plant)) {
  console.error(`no bug is called "${values.plant}"; there are:\n  ${playing.plants.join('\n  ')}`);
  process.exit(2);
}
const crashes = values.crashes === undefined ? 0 : Number(values.crashes);
if (values.seed === undefined) await many(values.seeds ?? (crashes > 0 ? `1..${MANY}` : '1..100'));
else await tell(Number(values.seed), values.at === undefined ? 0 : Number(values.at));

async function many(range: string): Promise<void> {
  const [from = Number.NaN, to = from] = range.split('..').map(Number);
  if (!Number.isInteger(from) || !Number.isInteger(to) || to < from || !Number.isInteger(crashes)) {
    console.error('a range of seeds is written --seeds 1..500, a number of crash points --crashes 100000');
    process.exit(2);
  }
  const began = performance.now();
  const workers = Number(values.workers ?? Math.min(WORKERS, availableParallelism()));
  const plant = values.plant === undefined ? {} : { plant: values.plant };
  const outcome = await playSeeds({
    from,
    to,
    workers,
    game: name,
    ...plant,
    ...(crashes > 0 ? { crashes } : {}),
    onPlayed: progress(crashes > 0 ? '' : ` of ${to - from + 1}`),
  });
  const seconds = (performance.now() - began) / 1_000;
  if (values.json) console.log(JSON.stringify(documentOf(outcome)));
  else summary(outcome, seconds);
  process.exitCode = outcome.violations.length === 0 && outcome.crashPoints >= crashes ? 0 : 1;
}

/** How many seeds, crash points and broken laws; and each of these, with the command that tells its story. */
function documentOf({ seeds, crashPoints, violations }: Outcome): object {
  const stories = violations.map((it) => ({ ...it, law: LAWS[it.law], replay: replayOf(it) }));
  return { seeds, crashPoints, violations: violations.length, stories };
}

function progress(all: string): (soFar: Outcome) => void {
  let shown = performance.now();
  return ({ seeds, crashPoints, violations }) => {
    if (performance.now() - shown < 5_000) return;
    shown = performance.now();
    console.error(`${seeds}${all} seeds, ${crashPoints} crashes, ${violations.length} laws broken`);
  };
}

function summary({ seeds, crashPoints, violations }: Outcome, seconds: number): void {
  const speed = Math.round(crashPoints / seconds);
  console.log(`${seeds} seeds, ${crashPoints} crash points in ${seconds.toFixed(1)} s (${speed} a second)`);
  for (const violation of violations.slice(0, SHOWN)) console.log(lineOf(violation));
  if (violations.length > SHOWN) console.log(`and ${violations.length - SHOWN} more`);
  console.log(violations.length === 0 ? 'no law was broken' : `${violations.length} laws were broken`);
}

function lineOf(violation: Violation): string {
  return `  ${LAWS[violation.law]}: ${violation.detail}\n    ${replayOf(violation)}`;
}

function replayOf({ seed, at }: Violation): string {
  const plant = values.plant === undefined ? '' : ` --plant '${values.plant}'`;
  return `npm run sim --${name === 'node' ? '' : ` --${name}`} --seed ${seed}${at === 0 ? '' : ` --at ${at}`}${plant}`;
}

/** The seed's own life, and what follows the crash at one of its points; 0: no crash. */
async function tell(seed: number, at: number): Promise<void> {
  console.log(playing.text(seed));
  const story = (line: string) => console.log(line);
  const { violations } = await playing.play(seed, { plant: values.plant, at, story, points: values.points });
  console.log(violations.length === 0 ? '\nno law was broken' : '\nwhat was broken');
  for (const violation of violations) console.log(lineOf(violation));
  process.exitCode = violations.length === 0 ? 0 : 1;
}
