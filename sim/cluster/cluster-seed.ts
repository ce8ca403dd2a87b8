import { type Random, seeded } from '../../src/base/random.ts';
import { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { timeText } from '../../src/wire/kube/time.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { bereave, powerCut } from '../aftermath.ts';
import type { Blame } from '../checkers.ts';
import { startNode } from '../cloud/cloud-aftermath.ts';
import { ZONE } from '../cloud/cloud-setting.ts';
import { RULES } from '../cloud/cloud-seed.ts';
import type { Stage } from '../cloud/cloud-run.ts';
import { Asks, countGiven } from '../cloud/asks.ts';
import { Cluster } from '../cloud/cluster.ts';
import { noMeddling } from '../cloud/outside.ts';
import {
  darken,
  describeLags,
  type RegionWeather,
  regionWeatherOf,
  regionWeatherText,
} from '../cloud/region-weather.ts';
import { Region } from '../cloud/region.ts';
import { launch } from '../cloud/vpc.ts';
import { CALM } from '../faults.ts';
import type { Point } from '../life.ts';
import { BEGINNING, Machine } from '../machine.ts';
import { Runtime } from '../runtime.ts';
import { SimTime } from '../time.ts';
import { type SeedResult, verdict } from '../verdict.ts';
import { type ApiWeather, apiWeatherOf, apiWeatherText } from './api-weather.ts';
import { BrokerNet } from './broker-net.ts';
import { blamesOf, calmCluster, clusterAnew, clusterRest } from './cluster-aftermath.ts';
import { atBrokered } from './cluster-checkers.ts';
import type { ClusterPlant } from './cluster-plant.ts';
import { type ClusterSetting, clusterSettingOf, clusterSettingText } from './cluster-setting.ts';
import { joinNode, lookAtCloud } from './cluster-stage.ts';
import { type ClusterStage, theRun } from './whole-cluster.ts';
import { something } from './happenings.ts';
import { Fences } from './fences.ts';
import { Kube } from './kube.ts';
import { Promises } from './promises.ts';
import { Questions } from './questions.ts';
import { type ReplicaWorld, SimReplica } from './replica.ts';
import { SimApi } from './sim-api.ts';

export interface ClusterSeedOptions {
  readonly plant: ClusterPlant;
  /** Only the crash at this point is played. 0: none is. */
  readonly at?: number;
  readonly story?: (line: string) => void;
  readonly points?: boolean;
  readonly untilBroken?: boolean;
}

interface Play {
  readonly seed: number;
  readonly setting: ClusterSetting;
  readonly region: RegionWeather;
  readonly api: ApiWeather;
  readonly options: ClusterSeedOptions;
}

/** Everything that outlives processes, at one place where one of them could be stopped. */
interface Crash {
  readonly at: number;
  readonly point: Point;
  readonly who: string;
  readonly time: SimTime;
  readonly region: Region;
  readonly api: SimApi;
  readonly promises: Promises;
  readonly fences: Fences;
  readonly asks: Asks;
  readonly silent: ReadonlySet<string>;
  readonly machines: readonly Held[];
}

interface Held {
  readonly name: string;
  readonly instance: Id;
  readonly machine: Machine;
  readonly runtime: Runtime;
}

/** Which part of the places is played as a crash: the kernel's and the disk's are another's game. */
const SHARES: Readonly<Record<string, number>> = {
  ...{ kernel: 0.02, disk: 0.03, metadata: 0.05, spool: 0.05, reply: 0.5 },
  ...{ api: 0.15, broker: 0.3, ec2: 0.5 },
};
const LEASE_SHARE = 0.02;
const REPLICAS = 2;

/** What one seed is about, in a line. */
export function clusterSeedText(seed: number): string {
  const { setting, region, api } = drawn(seed);
  return `seed ${seed}: ${clusterSettingText(setting)}; ${regionWeatherText(region)}; ${apiWeatherText(api)}`;
}

/**
 * Plays one seed: a cluster whose parts live and end one by one, and at many places where a process could be stopped a
 * copy of everything that outlives processes, in which all of them are. Same seed, same everything.
 */
export async function playClusterSeed(seed: number, options: ClusterSeedOptions): Promise<SeedResult> {
  const { random, ...of } = drawn(seed);
  const play: Play = { seed, options, ...of };
  const crashes: Crash[] = [];
  const blames = await theLife(play, random, crashes);
  const { at, untilBroken } = options;
  return verdict({ seed, at, untilBroken, blames, crashes }, (crash) => afterCrash(play, crash));
}

function drawn(seed: number): Omit<Play, 'seed' | 'options'> & { readonly random: Random } {
  const random = seeded(Math.imul(seed, 0x9e3779b1) ^ 0xc1a5);
  return { random, setting: clusterSettingOf(random), region: regionWeatherOf(random), api: apiWeatherOf(random) };
}

async function theLife(play: Play, random: Random, crashes: Crash[]): Promise<readonly Blame[]> {
  const { setting, options, seed } = play;
  const { at } = options;
  const lots = seeded(seed);
  let [count, told, over] = [0, true, false];
  const onPoint = (point: Point, who: string) => {
    if (over) return false;
    count++;
    const wanted = at === undefined ? lots.fraction() < shareOf(point) : at === count;
    if (options.points === true) options.story?.(`point  ${count} ${who} ${point.what}`);
    if (wanted) crashes.push(crashOf(cluster, { at: count, point, who }));
    told &&= at !== count;
    return false;
  };
  const cluster = newCluster(play, { random, overlapping: true, told: () => told, onPoint });
  const { cluster: nodes } = cluster.stage.scene;
  const instances = await launch(nodes, setting.cloud);
  darken(nodes.region, play.region);
  cluster.api.weather = play.api;
  cluster.net.lost = play.api.brokerLost;
  for (const [i, instance] of instances.entries()) {
    const machine = new Machine(undefined, nodes.time);
    joinNode(cluster, { name: `node-${i + 1}`, instance, machine, runtime: new Runtime() });
  }
  for (const it of cluster.replicas) it.startIn(random.fraction() * 2_000);
  for (const node of nodes.nodes) await startNode(node);
  for (const set of setting.sets) cluster.kube.want(set);
  for (let moves = 12 + random.fraction() * 15; moves > 0; moves--) await something(cluster, random);
  await nodes.settle();
  over = true;
  await toTheEnd(play, cluster);
  return blamesOf(cluster);
}

function shareOf({ what }: Point): number {
  if (what.includes(' leases')) return LEASE_SHARE;
  return SHARES[what.split(' ')[0] ?? ''] ?? 1;
}

/** Faults stop; then everything comes to rest, and is given back. */
async function toTheEnd(play: Play, cluster: ClusterStage): Promise<void> {
  await calmCluster(cluster, play.region);
  if (blamesOf(cluster).length === 0) await clusterRest(cluster);
  if (blamesOf(cluster).length === 0) await clusterAnew(cluster);
  for (const { run } of cluster.stage.scene.cluster.nodes) run.stop();
  for (const it of cluster.replicas) it.end();
}

interface Playing {
  readonly random: Random;
  readonly overlapping: boolean;
  readonly told: () => boolean;
  readonly onPoint: Stage['onPoint'];
  readonly from?: Pick<Crash, 'time' | 'region' | 'api' | 'promises' | 'fences' | 'asks' | 'silent'>;
}

function newCluster(play: Play, { random, overlapping, told, onPoint, from }: Playing): ClusterStage {
  const { setting, options, region: weather } = play;
  const time = from?.time ?? new SimTime(BEGINNING);
  const region = from?.region ?? new Region({ rules: RULES, zones: [ZONE], time, random });
  const api = from?.api ?? new SimApi({ store: new ApiStore(() => timeText(time.now)), time, random });
  const net = new BrokerNet({ time, random });
  const nodes = new Cluster({ region, time, random });
  const kube = new Kube({ store: api.store, cluster: nodes, ...(from && { silent: from.silent }) });
  const promises = from?.promises ?? new Promises();
  const fences = from?.fences ?? new Fences();
  const fenced = (node: string, address: string) => fences.isTaken(node, address);
  fences.follow(api.store, () => time.now);
  const { story } = options;
  const line = story && ((it: string) => told() && story(it));
  const stage: Stage = {
    scene: {
      cluster: nodes,
      meddling: noMeddling(),
      asks: from?.asks ?? new Asks(),
      lags: describeLags(weather),
      fenced,
    },
    ...{ setting: setting.cloud, weather: CALM, region: { metadataFails: weather.metadataFails } },
    ...{ plant: options.plant, overlapping, onPoint, story: line },
  };
  const replicas: SimReplica[] = [];
  const seen = { promises, fences, questions: new Questions() };
  const cluster: ClusterStage = { stage, setting, plant: options.plant, api, net, kube, replicas, ...seen };
  for (let n = 1; n <= REPLICAS; n++) {
    const name = `controller-${n}`;
    const world = { api, net, region, time, random, plant: options.plant };
    const ends = (what: string) => onPoint({ what }, name);
    const tell = (text: () => string) => line?.(text());
    const blame: ReplicaWorld['blame'] = (law, detail) => theRun(cluster)?.blame(law, detail);
    const onSend: ReplicaWorld['onSend'] = (...of) => theRun(cluster)?.blameAll(atBrokered(cluster, ...of));
    replicas.push(new SimReplica({ ...world, ends, tell, blame, onSend }, n));
  }
  nodes.actors.push(api, net, kube, ...replicas);
  lookAtCloud(cluster);
  countGiven(stage.scene);
  return cluster;
}

function crashOf({ stage, api, promises, fences, kube }: ClusterStage, of: Pick<Crash, 'at' | 'point' | 'who'>): Crash {
  const { cluster } = stage.scene;
  const time = new SimTime(cluster.time.now);
  const random = seeded(of.at);
  const machines = cluster.nodes.map(({ name, instance, run }) => ({
    ...{ name, instance },
    machine: run.parts.machine.clone(time),
    runtime: run.parts.runtime.clone(),
  }));
  const copies = { region: cluster.region.clone(time, random), api: api.clone(time, random) };
  const seen = { promises: new Promises(promises), fences: new Fences(fences), silent: new Set(kube.silent) };
  return { ...of, time, ...copies, ...seen, asks: new Asks(stage.scene.asks), machines };
}

/** What comes after all processes have ended at one place, or a machine lost its power there. */
async function afterCrash(play: Play, crash: Crash): Promise<readonly Blame[]> {
  const { at, point, who, time, machines } = crash;
  const random = seeded(Math.imul(play.seed, 0x85ebca6b) ^ Math.imul(at, 0xc2b2ae35));
  const mortal = { left: random.fraction() < 0.2 ? Math.floor(random.fraction() * 300) : -1 };
  const from = { ...crash, region: crash.region.clone(time, random), api: crash.api.clone(time, random) };
  const onPoint = (_: Point, name: string) => name === who && mortal.left-- === 0;
  const overlapping = random.fraction() < 0.15;
  const cluster = newCluster(play, { random, overlapping, told: () => true, onPoint, from });
  const { cluster: nodes } = cluster.stage.scene;
  for (const held of machines) joinNode(cluster, held);
  const subject = nodes.nodes.find((it) => it.name === who) ?? nodes.nodes[0];
  if (subject === undefined) return [];
  subject.run.tell(() => `CRASH  at ${at}, of ${who}, before: ${point.what}`);
  if (point.tear !== undefined && random.fraction() < 0.5) subject.run.parts.machine.disk.tear(point.tear);
  if (random.fraction() < 0.1) powerCut(subject.run);
  for (const { run } of nodes.nodes) bereave(run);
  if (random.fraction() < 0.5) await calmCluster(cluster, play.region);
  else cluster.net.lost = play.api.brokerLost;
  for (const it of cluster.replicas) it.startIn(random.fraction() * 5_000);
  await nodes.pass(random.fraction() < 0.5 ? 200 : random.fraction() * 30_000);
  for (const it of nodes.nodes) if (it === subject || random.fraction() < 0.6) await startNode(it);
  for (let moves = Math.floor(random.fraction() * 3); moves > 0; moves--) await something(cluster, random);
  mortal.left = -1;
  await toTheEnd(play, cluster);
  const blames = blamesOf(cluster);
  subject.run.tell(() => `JUDGED ${blames.length} laws broken`);
  return blames;
}
