import type { NicPlace } from '../../../../core/ipam/placing.ts';
import type { Clock, Millis } from '../../../../base/clock.ts';
import { silent } from '../../../../base/log.ts';
import { type Address, prefix } from '../../../../base/ip.ts';
import { seeded } from '../../../../base/random.ts';
import type { Bearer } from '../../../../core/cluster/broker.ts';
import type { NicId, Token } from '../../../../core/ipam/nic.ts';
import { FakeProvider } from '../../../../io/cloud/fake-provider.ts';
import type { NearCloud } from '../../../../io/cloud/near.ts';
import type { Brought } from '../../../../io/cloud/provider.ts';
import { RemoteProvider } from '../../../../io/cloud/remote/provider.ts';
import { ApiStore } from '../../../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../../../io/kube/testing/fake-client.ts';
import { realClock } from '../../../../io/system/clock.ts';
import { AUDIENCE, type Beacon } from '../../../../wire/broker/beacon.ts';
import { readClusterNode } from '../../../../wire/kube/cluster-node.ts';
import { NODES } from '../../../../wire/kube/resource.ts';
import type { ControllerDoors } from '../../doors.ts';
import { notLeading } from '../../not-leading.ts';
import { Source } from '../../source.ts';
import type { BrokerServer } from '../broker-doors.ts';
import { Callers } from '../callers.ts';
import { Desk } from '../desk.ts';
import { Instances } from '../instances.ts';
import { serveBroker } from '../serve-broker.ts';
import { Way } from './way.ts';

/** A clock by which seconds pass in hundredths: what waits, waits; nothing is decided by how long. */
export const quick: Clock = { ...realClock, timer: (after, then) => realClock.timer(after / 100, then) };

const USER = 'system:serviceaccount:kube-system:berth';
const LIMITS = { nics: 3, slotsV4: 6, slotsV6: 6, prefixes: true };

type OpenCloud = NonNullable<ControllerDoors['openCloud']>;

/** How an agent differs from another. */
export interface AgentOptions {
  readonly token?: string; // in place of its own
  readonly patienceMs?: Millis;
  readonly near?: NearCloud;
}

/** One replica's desk behind HTTPS, and a way to it that a test may cut. */
export interface DeskReplica {
  readonly server: BrokerServer;
  readonly desk: Desk;
  readonly way: Way;
  leads: boolean;
}

/**
 * Replicas of the controller with real HTTPS, the nodes' agents before them, a cloud in memory behind. Like EC2 it
 * knows no token of an assign. Close it.
 */
export class BrokerScene {
  readonly store = new ApiStore();
  readonly clouds = new Map<string, FakeProvider>(); // by instance
  readonly replicas: DeskReplica[] = [];
  readonly asked: string[] = []; // "wish outcome"
  readonly tokens = new Map<string, Bearer>();
  readonly rights = new Set<string>(); // "node address nic": to take it off there
  readonly brought: Brought[] = [];
  readonly opened: string[] = []; // instances
  readonly groups = new Set<string>(); // that objects of the cluster give
  readonly places: NicPlace[] = []; // what NICConfigs say
  beacon: Beacon | undefined;
  beaconAsked = 0;
  readonly #remotes: RemoteProvider[] = [];
  #assigns = 0;

  /** `openCloud`: the cloud as a replica has it, in place of one in memory. */
  constructor(openCloud?: OpenCloud) {
    this.#openCloud = openCloud;
  }

  /** A node of the cluster, and its instance. */
  node(name: string, instance: string, subnet: string): FakeProvider {
    this.store.create(
      { resource: NODES },
      {
        metadata: { name },
        spec: { providerID: `aws:///zone/${instance}` },
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      },
    );
    const cloud = new FakeProvider({ limits: LIMITS, subnet });
    cloud.ranges = [prefix('10.0.0.0/8')];
    this.clouds.set(instance, cloud);
    this.tokens.set(name, { authentic: true, error: '', user: USER, audiences: [AUDIENCE], node: name });
    return cloud;
  }

  /** One more replica. The first one leads, and is where the beacon points to. */
  async replica(): Promise<DeskReplica> {
    const client = new FakeKubeClient(this.store, realClock);
    const nodes = new Source(
      { client, clock: realClock, random: seeded(1), log: silent },
      { resource: NODES },
      readClusterNode,
    );
    const leads = () => it.leads;
    const instances = new Instances(
      nodes,
      {
        instance: async (id) => {
          this.opened.push(id);
          if (this.#openCloud !== undefined)
            return this.#openCloud(() => (leads() ? undefined : notLeading())).instance(id);
          return this.#seenBy(this.clouds.get(id) ?? new FakeProvider({ limits: LIMITS }), leads);
        },
        collectLeaked: async () => [],
        close: () => {},
      },
      {
        placeOf: (config) => this.places.find(({ name }) => name === config),
        gives: (group) => this.groups.has(group),
      },
    );
    const callers = new Callers({
      review: async (token) =>
        this.tokens.get(token) ?? { authentic: false, error: 'unknown', user: '', audiences: [], node: '' },
      admission: { user: USER, audience: AUDIENCE },
      clock: quick,
    });
    const meter = { asked: (wish: string, outcome: string) => void this.asked.push(`${wish} ${outcome}`) };
    const mayTake = (node: string, address: Address, from: string) =>
      !instances.isInUse(from) && this.rights.has(`${node} ${address} ${from}`);
    const doors = { callers, instances, leads, mayTake, synced: () => nodes.synced, changesPerSecond: 4 };
    const desk = new Desk({ ...doors, clock: quick, log: silent, meter });
    const server = await serveBroker({ host: '127.0.0.1', port: 0 }, { clock: realClock, log: silent });
    server.answerBy((request) => desk.serve(request));
    const way = await Way.to(server.at.port);
    const it: DeskReplica = { server, desk, way, leads: this.replicas.length === 0 };
    this.replicas.push(it);
    await new Promise<void>((resolve) => {
      nodes.onceSynced(resolve);
      nodes.want().start();
    });
    this.#closers.push(() => nodes.stop());
    if (it.leads) this.lead(it);
    return it;
  }

  /** From now on this replica leads, and says so. */
  lead(replica: DeskReplica): void {
    for (const it of this.replicas) it.leads = it === replica;
    this.beacon = this.beaconOf(replica);
  }

  beaconOf({ way, server }: DeskReplica): Beacon {
    return { at: { host: '127.0.0.1', port: way.port }, certificates: server.first.keys.certificate };
  }

  /** The agent of a node, as its provider. */
  agent(node: string, { token = node, patienceMs = 2_000, near }: AgentOptions = {}): RemoteProvider {
    const remote = new RemoteProvider({
      beacon: async () => {
        this.beaconAsked++;
        if (this.beacon === undefined) throw new Error('there is no ConfigMap berth-broker');
        return this.beacon;
      },
      token: () => token,
      clock: quick,
      random: seeded(3),
      onCall: () => {},
      patienceMs,
      ...(near === undefined ? {} : { near }),
    });
    this.#remotes.push(remote);
    return remote;
  }

  async close(): Promise<void> {
    for (const close of this.#closers) close();
    await Promise.all(this.#remotes.map((it) => it.close()));
    for (const { way, desk, server } of this.replicas) {
      await way.close();
      desk.close();
      await server.close();
    }
  }

  readonly #openCloud: OpenCloud | undefined;
  readonly #closers: (() => void)[] = [];

  /** The cloud as a replica sees it: nothing is asked while it does not lead, and no token of an assign is known. */
  #seenBy(cloud: FakeProvider, leads: () => boolean): FakeProvider {
    const seen = Object.create(cloud) as FakeProvider;
    const gate = async () => {
      if (!leads()) throw notLeading();
    };
    return Object.assign(seen, {
      reportNics: () => gate().then(() => cloud.reportNics()),
      vpcRanges: () => gate().then(() => cloud.vpcRanges()),
      limits: () => gate().then(() => cloud.limits()),
      createNic: (...of: Parameters<FakeProvider['createNic']>) => gate().then(() => cloud.createNic(...of)),
      bring: async (it: Brought) => {
        await gate();
        this.brought.push(it);
        await cloud.bring(it);
      },
      deleteNic: (nic: NicId) => gate().then(() => cloud.deleteNic(nic)),
      unassign: (...of: Parameters<FakeProvider['unassign']>) => gate().then(() => cloud.unassign(...of)),
      assign: async (of: Parameters<FakeProvider['assign']>[0]) => {
        await cloud.before({ kind: 'assign', token: 'x' as Token, ...of });
        await gate();
        return cloud.assign(of, `assign-${++this.#assigns}` as Token);
      },
    });
  }
}

/** Two single addresses: what most tests ask for. */
export const TWO = { unit: 'address', family: 'v4', count: 2 } as const;

let serial = 0;

/** A token that nothing was asked by. */
export function newToken(): Token {
  return `t-${++serial}@${Date.now() + 1_000}` as Token;
}

/** An instance's own NIC, and what it holds. */
export function ownNic({ cloud }: FakeProvider): { readonly id: NicId; readonly holds: readonly Address[] } {
  const [nic] = cloud.report();
  if (nic === undefined) throw new Error('no NIC');
  return { id: nic.id, holds: nic.addresses };
}

/** The first call of a kind that a cloud is asked from now on waits there until it is told to go on. */
export function held(
  cloud: FakeProvider,
  kind: 'assign' | 'createNic',
): { readonly asked: Promise<void>; readonly goOn: () => void } {
  let [reach, goOn] = [() => {}, () => {}];
  const asked = new Promise<void>((resolve) => (reach = resolve));
  const on = new Promise<void>((resolve) => (goOn = resolve));
  let first = true;
  cloud.before = async (intent) => {
    if (intent.kind !== kind || !first) return;
    first = false;
    reach();
    await on;
  };
  return { asked, goOn };
}
