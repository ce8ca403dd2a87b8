import { type Random, seeded } from '../src/base/random.ts';
import { aftermath, bereave, powerCut, startSomehow } from './aftermath.ts';
import type { Blame } from './checkers.ts';
import { CALM, Faults, type Weather, weatherOf, weatherText } from './faults.ts';
import type { Point } from './life.ts';
import { Machine } from './machine.ts';
import { move } from './moves.ts';
import { NO_PLANT, type Plant } from './plant.ts';
import { Run } from './run.ts';
import { Runtime } from './runtime.ts';
import { type Setting, settingOf, settingText } from './setting.ts';
import { type SeedResult, verdict } from './verdict.ts';

export interface SeedOptions {
  readonly plant: Plant;
  /** Only the crash at this point is played. 0: none is. */
  readonly at?: number;
  /** Told line by line what happens, up to the crash and after it. */
  readonly story?: (line: string) => void;
  /** Each place where the process could be stopped is told as well. */
  readonly points?: boolean;
  /** No further crash is played after one that broke a law. */
  readonly untilBroken?: boolean;
}

/** What one seed is about, in a line. */
export function seedText(seed: number): string {
  const { setting, weather } = drawn(seed);
  return `seed ${seed}: ${settingText(setting)}; ${weatherText(weather)}`;
}

/** The machine and its runtime as they were when the process could have been stopped. */
interface Crash {
  readonly at: number;
  readonly point: Point;
  readonly machine: Machine;
  readonly runtime: Runtime;
}

interface Play {
  readonly seed: number;
  readonly setting: Setting;
  readonly weather: Weather;
  readonly plant: Plant;
  readonly story: ((line: string) => void) | undefined;
  readonly points: boolean;
}

/**
 * Plays one seed: a life before, whose pods, records and rubbish the agent then finds; and the life that counts. At
 * every place where the
 * process could be stopped, machine and runtime are copied, and the crash there is played on the copy: what a crash
 * abandons is the
 * process alone, so the copy is the run stopped at that very place. Same seed, same everything.
 */
export async function playSeed(seed: number, options: SeedOptions): Promise<SeedResult> {
  const { plant, at, story, points = false, untilBroken } = options;
  const { random, setting, weather } = drawn(seed);
  const play: Play = { seed, setting, weather, plant, story, points };
  const { machine, runtime } = await before(play, random);
  const crashes: Crash[] = [];
  const blames = await theLife(play, random, { machine, runtime, at, crashes });
  return verdict({ seed, at, untilBroken, blames, crashes }, (crash) => afterCrash(play, crash));
}

function drawn(seed: number): { readonly random: Random; readonly setting: Setting; readonly weather: Weather } {
  const random = seeded(Math.imul(seed, 0x9e3779b1));
  return { random, setting: settingOf(random), weather: weatherOf(random) };
}

/**
 * The same life, really ended at a point: what its machine is then, once all that was abandoned has had its time, and
 * the copy that a crash there is played on. The two must be the same.
 */
export async function endedAt(seed: number, at: number): Promise<{ readonly ended: Machine; readonly copy: Machine }> {
  const { random, setting, weather } = drawn(seed);
  const play: Play = { seed, setting, weather, plant: NO_PLANT, story: undefined, points: false };
  const { machine, runtime } = await before(play, random);
  const crashes: Crash[] = [];
  await theLife(play, random, { machine, runtime, at, crashes, endsThere: true });
  const [crash] = crashes;
  if (crash === undefined) throw new RangeError(`seed ${seed} has no point ${at}`);
  return { ended: machine, copy: crash.machine };
}

/** What the agent finds when it starts. */
async function before(play: Play, random: Random): Promise<{ machine: Machine; runtime: Runtime }> {
  const [machine, runtime] = [new Machine(), new Runtime()];
  if (random.fraction() < 0.2) return { machine, runtime }; // nothing: a fresh machine
  const run = newRun(play, { machine, runtime, random, weather: CALM, overlapping: false, onPoint: () => false });
  await startSomehow(run);
  for (let moves = random.fraction() * 6; moves > 0; moves--) {
    move(run);
    await run.settle();
    if (random.fraction() < 0.5) await run.pass(random.fraction() * 20_000);
  }
  run.stop();
  if (random.fraction() < 0.15) powerCut(run);
  else bereave(run);
  await run.pass(random.fraction() * 10_000);
  return { machine, runtime };
}

/** The run whose every point is a crash. */
async function theLife(
  play: Play,
  random: Random,
  on: { machine: Machine; runtime: Runtime; at: number | undefined; crashes: Crash[]; endsThere?: boolean },
): Promise<readonly Blame[]> {
  const { machine, runtime, at, crashes, endsThere = false } = on;
  let count = 0;
  let told = true; // what follows the crash that is asked for never came to be
  const onPoint = (point: Point, run: Run) => {
    count++;
    if (play.points) run.tell(() => `point  ${count} ${point.what}`);
    if (at === undefined || at === count)
      crashes.push({ at: count, point, machine: machine.clone(), runtime: runtime.clone() });
    told &&= at !== count;
    return endsThere && at === count;
  };
  const story = play.story && ((line: string) => told && play.story?.(line));
  const run = newRun(
    { ...play, story },
    { machine, runtime, random, weather: play.weather, overlapping: true, onPoint },
  );
  await startSomehow(run, () => endsThere && crashes.length > 0);
  for (let moves = 8 + random.fraction() * 8; moves > 0 && run.up; moves--) {
    move(run);
    const lot = random.fraction();
    if (lot < 0.4) await run.settle();
    else if (lot < 0.6) await run.pass(random.fraction() * 100);
    else if (lot < 0.75) await run.pass(random.fraction() * 40_000);
  }
  await run.settle();
  run.stop();
  return run.blames;
}

/** What comes after the crash at one place: of the process, or of the whole machine. */
async function afterCrash(play: Play, { at, point, machine, runtime }: Crash): Promise<readonly Blame[]> {
  const random = seeded(Math.imul(play.seed, 0x85ebca6b) ^ Math.imul(at, 0xc2b2ae35));
  const weather = random.fraction() < 0.5 ? play.weather : CALM;
  const mortal = { ends: random.fraction() < 0.3 };
  let left = Math.floor(random.fraction() * 60);
  const onPoint = () => mortal.ends && left-- === 0;
  const run = newRun(play, { machine, runtime, random, weather, overlapping: random.fraction() < 0.1, onPoint });
  run.tell(() => `CRASH  at ${at}, before: ${point.what}`);
  const lot = random.fraction();
  if (point.tear !== undefined && random.fraction() < 0.5) machine.disk.tear(point.tear);
  if (lot < 0.2) powerCut(run);
  else if (lot < 0.6 && play.setting.rot) rot(run, random);
  bereave(run);
  await run.pass(random.fraction() < 0.5 ? 200 : random.fraction() * 60_000);
  await aftermath(run, random, mortal);
  run.stop();
  run.tell(() => `JUDGED ${run.blames.length} laws broken`);
  return run.blames;
}

/** A bit of the newest journal turns over. The kernel is the other witness: not while hands hold what it knew. */
function rot(run: Run, random: Random): void {
  const { disk } = run.parts.machine;
  if (run.parts.runtime.live().some(({ meddled }) => meddled)) return;
  const newest = disk
    .names()
    .filter((name) => /^journal-\d+$/.test(name))
    .sort()
    .at(-1);
  if (newest === undefined) return;
  run.tell(() => `ROT    in ${newest}`);
  disk.flip(newest, random.fraction());
  run.rotten = true;
  run.parts.runtime.left.clear(); // what cools may be forgotten
}

function newRun(
  { plant, setting, story }: Play,
  parts: Omit<Run['parts'], 'faults' | 'plant' | 'setting' | 'story'> & { readonly weather: Weather },
): Run {
  const { weather, ...rest } = parts;
  return new Run({ ...rest, faults: new Faults(rest.random, weather), plant, setting, story });
}
