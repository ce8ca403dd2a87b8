import type { Millis } from '../../src/base/clock.ts';
import type { KubeDoors } from '../../src/apps/node-agent/cluster-runner.ts';
import { beaconIn } from '../../src/apps/node-agent/controller-access.ts';
import { InstanceMetadata } from '../../src/io/cloud/aws/near.ts';
import { lateProvider } from '../../src/io/cloud/late-provider.ts';
import type { NicProvider } from '../../src/io/cloud/provider.ts';
import { RemoteProvider } from '../../src/io/cloud/remote/provider.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { NODES } from '../../src/wire/kube/resource.ts';
import { cloudDoorOf, metadataOf, newNode, type NewNode, openProvider, type Opening } from '../cloud/cloud-run.ts';
import { ZONE } from '../cloud/cloud-setting.ts';
import type { Node } from '../cloud/cluster.ts';
import type { LifeDoor } from '../life.ts';
import { apiClient, type ProcessDoor } from './api-client.ts';
import { atPodAnswer, atTouched } from './cluster-checkers.ts';
import { clusterNodeSetting } from './cluster-setting.ts';
import type { ClusterStage } from './whole-cluster.ts';
import { nodeObject } from './kube.ts';
import { watched } from './questions.ts';
import { tokenOf } from './tokens.ts';

/** A node that joins: its agent knows the cluster, and asks the cloud itself or has the controller ask. */
export function joinNode(cluster: ClusterStage, of: NewNode): Node {
  const { stage, setting, api } = cluster;
  const { name, instance } = of;
  if (!api.store.list({ resource: NODES }, { limit: 0 }).items.some(({ metadata }) => metadata.name === name))
    api.store.create({ resource: NODES }, nodeObject(name, instance, ZONE));
  let unheardAt: Millis | undefined;
  const unheard = () => (unheardAt = stage.scene.cluster.time.now);
  const node = newNode(stage, of, (run) => ({
    setting: clusterNodeSetting(setting, name),
    kube: (door) => kubeOf(cluster, { ...doorOf(name, door), unheard }),
    unheardAt: () => unheardAt,
    provider: (door, kube) => {
      const opening = { door, instance, run };
      if (setting.access === 'node' || kube === undefined) return openProvider(stage, opening);
      return openRemote(cluster, { ...opening, name, client: kube.client });
    },
    judge: (it, call, reply) => atPodAnswer(cluster, it, { call, reply, node: name }),
  }));
  return node;
}

/** From now on what happens in the cloud is looked at. */
export function lookAtCloud(cluster: ClusterStage): void {
  const { region, nodes } = cluster.stage.scene.cluster;
  const before = region.onTouched;
  region.onTouched = (touched) => {
    before(touched);
    for (const { run } of nodes) run.blameAll(atTouched(cluster, run));
  };
}

function kubeOf({ api, stage, plant }: ClusterStage, process: ProcessDoor): KubeDoors {
  const client = apiClient(api, process);
  return { client: plant.agentClient?.(client, process) ?? client, random: stage.scene.cluster.random };
}

function doorOf(name: string, { clock, pause }: LifeDoor): ProcessDoor {
  return { name, clock, pause, awake: (then) => then() };
}

interface Remote extends Opening {
  readonly name: string;
  readonly client: KubeClient;
}

/** The real provider that asks the controller, as main opens it. */
function openRemote({ stage, net, plant, questions }: ClusterStage, of: Remote): NicProvider {
  const { name, client, door, run } = of;
  const { random } = stage.scene.cluster;
  const { clock } = door;
  const carrier = watched(net.carrier(doorOf(name, door)), (text) =>
    run().blameAll(questions.ask(name, text, { memory: door.memory(), asks: stage.scene.asks })),
  );
  const plain = cloudDoorOf(stage, of);
  const provider = lateProvider(async () => {
    const near = new InstanceMetadata(metadataOf(stage, of, plain));
    const beacon = beaconIn(client, run().parts.setting.config.kubernetes.namespace);
    return new RemoteProvider({
      ...{ beacon, token: () => tokenOf(name), near, known: door.memory().nics, clock, random, onCall: () => {} },
      carrier: plant.carrier?.(carrier) ?? carrier,
    });
  });
  return stage.plant.provider?.(provider, plain) ?? provider;
}
