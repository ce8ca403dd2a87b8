import { awsSettings } from '../../src/io/cloud/aws/aws-settings.ts';
import { Ec2 } from '../../src/io/cloud/aws/ec2.ts';
import { Metadata } from '../../src/io/cloud/aws/metadata.ts';
import { InstanceMetadata } from '../../src/io/cloud/aws/near.ts';
import { AwsProvider } from '../../src/io/cloud/aws/provider.ts';
import { readSelf } from '../../src/io/cloud/aws/self.ts';
import { lateProvider } from '../../src/io/cloud/late-provider.ts';
import type { NicProvider } from '../../src/io/cloud/provider.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { Faults, type Weather } from '../faults.ts';
import type { LifeDoor, Point } from '../life.ts';
import type { Machine } from '../machine.ts';
import { Run, type RunParts } from '../run.ts';
import type { Runtime } from '../runtime.ts';
import { atCloudAnswer, atSaying, type CloudScene } from './cloud-checkers.ts';
import { type CloudSetting, nodeSetting } from './cloud-setting.ts';
import type { CloudPlant } from './cloud-plant.ts';
import type { Node } from './cluster.ts';
import { type CloudDoor, ec2Client } from './ec2-client.ts';
import { metadataAsk } from './metadata.ts';
import { atSending, CallMeter, openIn } from './sending.ts';

/** What the nodes of one play share. */
export interface Stage {
  readonly scene: CloudScene;
  readonly setting: CloudSetting;
  readonly weather: Weather; //    of each machine
  readonly region: { metadataFails: number };
  readonly plant: CloudPlant;
  readonly overlapping: boolean;
  readonly onPoint: (point: Point, node: string) => boolean;
  readonly story: ((line: string) => void) | undefined;
}

/** A node that is to be. */
export interface NewNode {
  readonly name: string;
  readonly instance: Id;
  readonly machine: Machine;
  readonly runtime: Runtime;
}

/** A node whose agent runs on an instance; it joins the cluster. `more`: what is otherwise on this stage. */
export function newNode(stage: Stage, of: NewNode, more: (run: () => Run) => Partial<RunParts> = () => ({})): Node {
  const { scene, setting, plant, overlapping, weather, story } = stage;
  const { name, instance, machine, runtime } = of;
  const { cluster } = scene;
  const run: Run = new Run({
    machine,
    runtime,
    random: cluster.random,
    faults: new Faults(cluster.random, weather),
    plant: plant.node ?? {},
    setting: nodeSetting(setting, name),
    overlapping,
    onPoint: (point) => stage.onPoint(point, name),
    story: story && ((line) => story(`${name} ${line}`)),
    together: cluster,
    judge: (it, call, reply) => atCloudAnswer(scene, it, call, reply),
    heard: (event, fields) => run.blameAll(atSaying(scene, event, fields)),
    provider: (door) => openProvider(stage, { door, instance, run: () => run }),
    ...more(() => run),
  });
  const node = { name, instance, run };
  cluster.add(node);
  return node;
}

export interface Opening {
  readonly door: LifeDoor;
  readonly instance: Id;
  readonly run: () => Run;
}

/** The real provider on the simulated region, opened when it is first asked, as main does it. */
export function openProvider(stage: Stage, opening: Opening): NicProvider {
  const { random } = stage.scene.cluster;
  const settings = awsSettings(opening.run().parts.setting.config.aws);
  const { timeoutMs } = settings;
  const plain = cloudDoorOf(stage, opening);
  const door = stage.plant.door?.(plain) ?? plain;
  const provider = lateProvider(async () => {
    const metadata = metadataOf(stage, opening, door);
    const self = await readSelf(metadata);
    const client = ec2Client(door);
    const options = { region: self.region, client, timeoutMs, clock: door.clock, onCall: () => {} };
    const near = new InstanceMetadata(metadata);
    const known = opening.door.memory().nics;
    return new AwsProvider({ ec2: new Ec2({ ...options, random }), near, self, settings, known, clock: door.clock });
  });
  return stage.plant.provider?.(provider, plain) ?? provider;
}

/** How a process of a node reaches the cloud. */
export function cloudDoorOf(stage: Stage, { door, instance, run }: Opening): CloudDoor {
  const { asks, cluster } = stage.scene;
  const { region } = cluster;
  const { clock, pause } = door;
  const meter = new CallMeter(clock);
  return {
    region,
    instance,
    clock,
    timeoutMs: awsSettings(run().parts.setting.config.aws).timeoutMs,
    pause,
    onSend: (action, input) => {
      const memory = door.memory();
      if (action.startsWith('Assign')) for (const it of openIn(memory)) if (it.kind === 'assign') asks.note(it);
      run().blameAll(atSending({ action, input, meter, memory, cloud: region.cloud }));
    },
    tell: (line) => run().tell(line),
  };
}

/** The metadata of a node's instance. */
export function metadataOf(stage: Stage, { instance, run }: Opening, door: CloudDoor): Metadata {
  const { random } = stage.scene.cluster;
  const { metadata: endpoint, timeoutMs } = awsSettings(run().parts.setting.config.aws);
  const fails = () => stage.region.metadataFails > 0 && random.fraction() < stage.region.metadataFails;
  const { clock } = door;
  return new Metadata({ endpoint, timeoutMs, clock, ask: metadataAsk({ ...door, instance }, fails) });
}
