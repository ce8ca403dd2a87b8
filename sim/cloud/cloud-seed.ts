import { type Random, seeded } from '../../src/base/random.ts';
import type { CloudRules } from '../../emulator/cloud/rules.ts';
import { awsRules } from '../../emulator/dialects/aws/rules.ts';
import { bereave, powerCut } from '../aftermath.ts';
import type { Blame } from '../checkers.ts';
import { CALM, type Weather, weatherOf, weatherText } from '../faults.ts';
import type { Point } from '../life.ts';
import { BEGINNING, Machine } from '../machine.ts';
import { move } from '../moves.ts';
import { Runtime } from '../runtime.ts';
import { SimTime } from '../time.ts';
import { type SeedResult, verdict } from '../verdict.ts';
import { blamesOf, calm, cloudAnew, cloudRest, startNode } from './cloud-aftermath.ts';
import { Asks, countGiven } from './asks.ts';
import type { CloudPlant } from './cloud-plant.ts';
import { newNode, type Stage } from './cloud-run.ts';
import { type CloudSetting, cloudSettingOf, cloudSettingText, ZONE } from './cloud-setting.ts';
import { Cluster } from './cluster.ts';
import { type Meddling, meddle, noMeddling } from './outside.ts';
import { darken, describeLags, type RegionWeather, regionWeatherOf, regionWeatherText } from './region-weather.ts';
import { Region } from './region.ts';
import { launch, terminate } from './vpc.ts';

export interface CloudSeedOptions {
  readonly plant: CloudPlant;
  /** Only the crash at this point is played. 0: none is. */
  readonly at?: number;
  readonly story?: (line: string) => void;
  readonly points?: boolean;
  readonly untilBroken?: boolean;
}

/** Everything that outlives the agents' processes, at one place where one of them could be stopped. */
interface Crash {
  readonly at: number;
  readonly point: Point;
  readonly node: string;
  readonly region: Region;
  readonly time: SimTime;
  readonly meddling: Meddling;
  readonly asks: Asks;
  readonly machines: readonly Held[];
}

interface Held {
  readonly name: string;
  readonly instance: Stage['scene']['cluster']['nodes'][number]['instance'];
  readonly machine: Machine;
  readonly runtime: Runtime;
}

interface Play {
  readonly seed: number;
  readonly setting: CloudSetting;
  readonly weather: Weather;
  readonly region: RegionWeather;
  readonly options: CloudSeedOptions;
}

/** Which part of the places is played as a crash. A plan has hundreds of items; a disk alone is another's game. */
const SHARES: Readonly<Record<string, number>> = { kernel: 0.06, disk: 0.08, metadata: 0.15, spool: 0.1 };

/** What one seed is about, in a line. */
export function cloudSeedText(seed: number): string {
  const { setting, weather, region } = drawn(seed);
  return `seed ${seed}: ${cloudSettingText(setting)}; ${weatherText(weather)}; ${regionWeatherText(region)}`;
}

/**
 * Plays one seed: nodes in one region, whose agents live, and at many places where one of their processes could be
 * stopped a copy of everything that outlives processes, on which they all are. Same seed, same everything.
 */
export async function playCloudSeed(seed: number, options: CloudSeedOptions): Promise<SeedResult> {
  const { random, ...of } = drawn(seed);
  const play: Play = { seed, options, ...of };
  const crashes: Crash[] = [];
  const blames = await theLife(play, random, crashes);
  const { at, untilBroken } = options;
  return verdict({ seed, at, untilBroken, blames, crashes }, (crash) => afterCrash(play, crash));
}

function drawn(seed: number): Omit<Play, 'seed' | 'options'> & { readonly random: Random } {
  const random = seeded(Math.imul(seed, 0x9e3779b1) ^ 0xc10d);
  const setting = cloudSettingOf(random);
  return {
    random,
    setting,
    region: regionWeatherOf(random),
    weather: random.fraction() < 0.7 ? CALM : onSoundDisk(weatherOf(random)),
  };
}

/** What a disk does that fails is another game's: here it is slow at most. */
function onSoundDisk(weather: Weather): Weather {
  return weather.disk === 'slow' ? weather : { ...weather, disk: 'well' };
}

/** The life whose places are crashes. */
async function theLife(play: Play, random: Random, crashes: Crash[]): Promise<readonly Blame[]> {
  const { setting, options, seed } = play;
  const { at } = options;
  const lots = seeded(seed);
  let [count, told, over] = [0, true, false];
  const stage = newStage(play, {
    random,
    overlapping: true,
    told: () => told,
    meddling: noMeddling(),
    asks: new Asks(),
  });
  const onPoint = (point: Point, name: string) => {
    if (over) return false;
    count++;
    const wanted = at === undefined ? lots.fraction() < shareOf(point) : at === count;
    if (options.points === true) options.story?.(`point  ${count} ${name} ${point.what}`);
    if (wanted) crashes.push(crashOf(stage, { at: count, point, node: name }));
    told &&= at !== count;
    return false;
  };
  const { cluster } = stage.scene;
  const instances = await launch(cluster, setting);
  darken(cluster.region, play.region);
  const live: Stage = { ...stage, onPoint };
  for (const [i, instance] of instances.entries()) {
    const machine = new Machine(undefined, cluster.time);
    newNode(live, { name: `node-${i + 1}`, instance, machine, runtime: new Runtime() });
  }
  for (const node of cluster.nodes) await startNode(node);
  for (let moves = 10 + random.fraction() * 15; moves > 0; moves--) await something(live, random);
  await cluster.settle();
  over = true;
  calm(live, play.region);
  for (const node of cluster.nodes) await startNode(node);
  if (blamesOf(live.scene).length === 0) await cloudRest(live);
  if (blamesOf(live.scene).length === 0) await cloudAnew(live);
  for (const { run } of cluster.nodes) run.stop();
  return blamesOf(stage.scene);
}

function shareOf({ what }: Point): number {
  return SHARES[what.split(' ')[0] ?? ''] ?? 1;
}

/** One thing that happens in the cluster, and some time. */
async function something({ scene, setting }: Stage, random: Random): Promise<void> {
  const { cluster, meddling } = scene;
  const node = cluster.nodes[Math.floor(random.fraction() * cluster.nodes.length)];
  if (node === undefined) return;
  const lot = random.fraction();
  if (lot < 0.1 && setting.outside) meddle(cluster, meddling);
  else if (lot < 0.14) {
    node.run.tell(() => 'agent  is killed');
    node.run.stop();
    bereave(node.run);
    await startNode(node);
  } else if (lot < 0.15 && cluster.nodes.length > 1) terminate(cluster, node);
  else if (node.run.up) move(node.run);
  const pause = random.fraction();
  if (pause < 0.2) return;
  if (pause < 0.6) await cluster.pass(random.fraction() * 200);
  else if (pause < 0.87) await cluster.pass(random.fraction() * 10_000);
  else await cluster.pass(random.fraction() * 400_000); // long enough to give back what is too much
}

interface Playing {
  readonly random: Random;
  readonly overlapping: boolean;
  readonly told: () => boolean;
  readonly meddling: Meddling;
  readonly asks: Asks;
  readonly from?: { readonly region: Region; readonly time: SimTime };
}

function newStage(play: Play, { random, overlapping, told, meddling, asks, from }: Playing): Stage {
  const { setting, weather, region, options } = play;
  const time = from?.time ?? new SimTime(BEGINNING);
  const ours = from?.region ?? new Region({ rules: RULES, zones: [ZONE], time, random });
  const { story } = options;
  const cluster = new Cluster({ region: ours, time, random });
  const scene = { cluster, meddling, asks, lags: describeLags(region) };
  countGiven(scene);
  return {
    scene,
    setting,
    weather,
    region: { metadataFails: region.metadataFails },
    plant: options.plant,
    overlapping,
    onPoint: () => false,
    story: story && ((line) => told() && story(line)),
  };
}

/** EC2's, with quotas of calls that a few nodes never meet: what they may ask is judged where they send it. */
export const RULES: CloudRules = { ...awsRules(), buckets: {} };

function crashOf({ scene: { cluster, meddling, asks } }: Stage, of: Pick<Crash, 'at' | 'point' | 'node'>): Crash {
  const time = new SimTime(cluster.time.now);
  const machines = cluster.nodes.map(({ name, instance, run }) => ({
    name,
    instance,
    machine: run.parts.machine.clone(time),
    runtime: run.parts.runtime.clone(),
  }));
  const random = seeded(of.at);
  return {
    ...of,
    time,
    region: cluster.region.clone(time, random),
    meddling: noMeddling(meddling),
    asks: new Asks(asks),
    machines,
  };
}

/** What comes after all processes have ended at one place, or a machine lost its power there. */
async function afterCrash(play: Play, crash: Crash): Promise<readonly Blame[]> {
  const { at, point, node: name, time, meddling, asks, machines } = crash;
  const random = seeded(Math.imul(play.seed, 0x85ebca6b) ^ Math.imul(at, 0xc2b2ae35));
  const mortal = { left: random.fraction() < 0.2 ? Math.floor(random.fraction() * 200) : -1 };
  const region = crash.region.clone(time, random);
  const overlapping = random.fraction() < 0.15;
  const stage: Stage = {
    ...newStage(play, { random, overlapping, told: () => true, meddling, asks, from: { region, time } }),
    onPoint: (_, node) => node === name && mortal.left-- === 0,
  };
  for (const held of machines) newNode(stage, held);
  const { cluster } = stage.scene;
  const [subject] = cluster.nodes.filter((it) => it.name === name);
  if (subject === undefined) return [];
  subject.run.tell(() => `CRASH  at ${at}, before: ${point.what}`);
  if (point.tear !== undefined && random.fraction() < 0.5) subject.run.parts.machine.disk.tear(point.tear);
  if (random.fraction() < 0.15) powerCut(subject.run);
  const all = random.fraction() < 0.4;
  for (const { run } of cluster.nodes) bereave(run);
  await cluster.pass(random.fraction() < 0.5 ? 200 : random.fraction() * 60_000);
  if (random.fraction() < 0.5) calm(stage, play.region);
  for (const it of cluster.nodes) if (all || it === subject) await startNode(it);
  for (let moves = Math.floor(random.fraction() * 4); moves > 0 && subject.run.up; moves--) {
    move(subject.run);
    await cluster.pass(random.fraction() * 3_000);
  }
  mortal.left = -1;
  calm(stage, play.region);
  await startNode(subject);
  await cloudRest(stage);
  if (blamesOf(stage.scene).length === 0) await cloudAnew(stage);
  for (const { run } of cluster.nodes) run.stop();
  return blamesOf(stage.scene);
}
