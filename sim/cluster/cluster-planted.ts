import type { Token } from '../../src/core/ipam/nic.ts';
import { type KubeClient, KubeError } from '../../src/io/kube/client.ts';
import { STATIC_ADDRESSES } from '../../src/wire/kube/crd/static-address.ts';
import { loose } from '../../src/wire/kube/object.ts';
import { LEASES, type Place, type Selection } from '../../src/wire/kube/resource.ts';
import type { BrokerServer } from '../../src/apps/controller/broker/broker-doors.ts';
import type { WatchEvent } from '../../src/wire/kube/watch.ts';
import { withJournal, withProvider } from '../cloud/planting.ts';
import { PLANTED } from '../planted.ts';
import type { ClusterPlant } from './cluster-plant.ts';

// Bugs as people make them between agents, the controller and the API server. A simulator that does not find each of
// them proves nothing.

export const CLUSTER_PLANTED: Readonly<Record<string, ClusterPlant>> = {
  'an address is released before its pod is taken apart': {
    node: PLANTED['an address is released before its pod is taken apart'] ?? {},
  },
  'a pod is answered before its address is on record': {
    agentClient: (client) => ({
      ...client,
      patch: (at, ...of) => (isStatic(at) ? client.get(at) : client.patch(at, ...of)),
    }),
  },
  'an API server that does not answer counts as one that knows of nothing': {
    agentClient: (client) => ({
      ...client,
      get: (at) => client.get(at).catch((error: unknown) => (isStatic(at) ? absent() : fails(error))),
    }),
  },
  'an agent decides on a copy that is late': {
    agentClient: (client, { clock }) => ({ ...client, get: lateCopies(client, () => clock.now()) }),
  },
  'a 410 means that everything was deleted': { agentClient: emptiedBy410, client: emptiedBy410 },
  'a watch that ended is not begun again': { client: (client) => ({ ...client, watch: onceWatched(client) }) },
  'who does not hear of the leader takes its place': {
    client: (client, { name }) => ({
      ...client,
      watch: (of, from, hear, signal) =>
        client.watch(of, from, (it) => (isOthersLease(it, name) ? undefined : hear(it)), signal),
      replace: (at, object) => client.replace(at, at.resource === LEASES ? withoutVersion(object) : object),
    }),
  },
  'the right to an address moves before its node has let go': {
    client: (client) => ({
      ...client,
      patch: (at, kind, patch) => client.patch(at, kind, isStatic(at) ? movedAtOnce(patch) : patch),
    }),
  },
  'an address is taken from whoever has it': {
    provider: withProvider((_, { region }) => ({
      bring: ({ nic, address }) => {
        region.tryOutside({ do: 'assign', nic: nic as never, reassign: true, addresses: { list: [address] } });
        return Promise.resolve();
      },
    })),
    client: (client) => ({
      ...client,
      patch: (at, kind, patch) => client.patch(at, kind, isStatic(at) ? movedAtOnce(patch) : patch),
    }),
  },
  'a restart forgets what is kept for a name': {
    node: withJournal((journal) => ({
      append: (records) => journal.append(records.filter(({ kind }) => kind !== 'kept')),
    })),
  },
  'a question that is asked again is another question': {
    carrier: (carrier) => {
      let count = 0;
      return { ...carrier, post: (to, token, text) => carrier.post(to, token, asAnother(text, ++count)) };
    },
  },
  'the controller forgets what it has answered': {
    controller: (doors) => {
      const { broker } = doors;
      return broker === undefined ? doors : { ...doors, broker: { ...broker, server: withoutBook(broker.server) } };
    },
  },
  'an agent that asks again does not say what its NIC had': {
    carrier: (carrier) => ({ ...carrier, post: (to, token, text) => carrier.post(to, token, withoutHad(text)) }),
  },
  'an agent knows only of names that are with it': {
    agentClient: (client, { name }) => {
      const own = (of: Selection) => (isStatic(of) ? { ...of, fields: `spec.node=${name}` } : of);
      return {
        ...client,
        list: (of, page) => client.list(own(of), page),
        watch: (of, ...more) => client.watch(own(of), ...more),
      };
    },
  },
  'nobody brings an address to its pod': {
    provider: withProvider(() => ({ bring: () => Promise.resolve() })),
  },
  'what is sent away stays': {
    provider: withProvider(() => ({ unassign: () => Promise.resolve() })),
  },
};

function isStatic({ resource }: Pick<Place, 'resource'>): boolean {
  return resource === STATIC_ADDRESSES;
}

function isOthersLease(event: WatchEvent, me: string): boolean {
  if (event.kind === 'bookmark' || event.kind === 'failed' || event.object['kind'] !== LEASES.kind) return false;
  return loose(event.object['spec'])['holderIdentity'] !== me;
}

function absent(): never {
  throw new KubeError('absent', 'planted');
}

function fails(error: unknown): never {
  throw error;
}

/** Each object is asked for once in twenty seconds. */
function lateCopies(client: KubeClient, now: () => number): KubeClient['get'] {
  const copies = new Map<string, { readonly at: number; readonly object: ReturnType<KubeClient['get']> }>();
  return (at) => {
    const known = copies.get(at.name);
    if (!isStatic(at)) return client.get(at);
    if (known !== undefined && now() < known.at + 20_000) return known.object;
    const object = client.get(at);
    copies.set(at.name, { at: now(), object });
    return object;
  };
}

/** What is listed after a 410 is nothing; what changes later is heard. */
function emptiedBy410(client: KubeClient): KubeClient {
  const emptied = new Set<string>();
  const nameOf = ({ resource, fields = '' }: Selection) => `${resource.plural} ${fields}`;
  return {
    ...client,
    list: async (of, page) => {
      const found = await client.list(of, page);
      return emptied.has(nameOf(of)) ? { ...found, items: [] } : found;
    },
    watch: (of, ...asked) =>
      client.watch(of, ...asked).catch((error: unknown) => {
        if (error instanceof KubeError && error.kind === 'expired') emptied.add(nameOf(of));
        throw error;
      }),
  };
}

function onceWatched(client: KubeClient): KubeClient['watch'] {
  const forEver = new Promise<never>(() => {});
  return async (...asked) => {
    await client.watch(...asked).catch(() => forEver);
    await forEver;
  };
}

function withoutVersion(object: object): object {
  const { metadata, ...rest } = object as { readonly metadata?: object };
  return { ...rest, metadata: { ...metadata, resourceVersion: undefined } };
}

function movedAtOnce(patch: object): object {
  const { spec, ...rest } = patch as { readonly spec?: { readonly node?: string; readonly next?: string } };
  if (spec?.next === undefined || spec.next === '') return patch;
  return { ...rest, spec: { ...spec, node: spec.next, next: '' } };
}

/** Each question that arrives is a new one to it. */
function withoutBook(server: BrokerServer): BrokerServer {
  let count = 0;
  const renamed = (text: string) => JSON.stringify({ ...JSON.parse(text), id: `${++count}` });
  return {
    ...server,
    answerBy: (answer) => server.answerBy((asked) => answer({ ...asked, body: renamed(asked.body) })),
  };
}

function withoutHad(text: string): string {
  const question = JSON.parse(text) as { readonly wish: Readonly<Record<string, unknown>> };
  return JSON.stringify({ ...question, wish: { ...question.wish, had: undefined } });
}

/** Another id and another token, and nothing of what the NIC had before. */
function asAnother(text: string, count: number): string {
  const question = JSON.parse(text) as { readonly id: string; readonly wish: Readonly<Record<string, unknown>> };
  const { had: _, token, ...wish } = question.wish;
  const other = token === undefined ? {} : { token: `${count}-again@1767268800000` as Token };
  return JSON.stringify({ ...question, id: `${question.id}-${count}`, wish: { ...wish, ...other } });
}
