import type { MemoryRecord } from '../../src/core/memory/record.ts';
import type { Token } from '../../src/core/ipam/nic.ts';
import type { AgentDoors } from '../../src/apps/node-agent/doors.ts';
import { CloudError, type NicProvider } from '../../src/io/cloud/provider.ts';
import type { Journal } from '../../src/io/store/journal.ts';
import { PLANTED } from '../planted.ts';
import type { CloudPlant } from './cloud-plant.ts';
import type { CloudDoor } from './ec2-client.ts';

// Bugs as people make them between an agent and its cloud. A simulator that does not find each of them proves nothing.

const LATE_MS = 400;

export const CLOUD_PLANTED: Readonly<Record<string, CloudPlant>> = {
  'what is asked of the cloud is not on record': {
    node: withJournal((journal) => ({
      append: (records) => journal.append(records.filter(({ kind }) => kind !== 'intent')),
    })),
  },
  'what was asked counts as answered': {
    node: withJournal((journal) => ({ append: (records) => journal.append(records.flatMap(settledAtOnce)) })),
  },
  'each try has a token of its own': {
    provider: withProvider((provider, { clock }) => ({
      createNic: (spec, _, urgency) => provider.createNic(spec, `again-1@${clock.now()}` as Token, urgency),
    })),
  },
  'an unassign without an answer counts as not done': {
    provider: withProvider((provider) => ({
      unassign: async (...asked) => {
        await provider.unassign(...asked);
        asIfDenied(new Error('no answer'));
      },
    })),
  },
  'an assign is asked for once more, and only the second answer is told': {
    provider: withProvider((provider) => ({
      assign: async (...asked) => {
        await provider.assign(...asked);
        return provider.assign(...asked);
      },
    })),
  },
  'what is to be given back is only forgotten': {
    provider: withProvider(() => ({
      unassign: () => Promise.resolve(),
      deleteNic: () => Promise.resolve(),
    })),
  },
  'the sweep takes every NIC that is on no instance': {
    provider: withProvider((_, { region }) => ({
      collectLeaked: () => {
        for (const { id, attachment } of region.cloud.nics.values())
          if (attachment === undefined) region.outside({ do: 'delete-nic', nic: id });
        return Promise.resolve([]);
      },
    })),
  },
  'metadata are taken for the API': {
    provider: withProvider((provider) => ({ reportNics: () => provider.reportNics({ sure: false }) })),
  },
  'the API tells nothing': {
    provider: withProvider((provider) => ({
      reportNics: ({ sure }) => (sure ? new Promise(() => {}) : provider.reportNics({ sure })),
    })),
  },
  'each report is asked for many times over, and nobody counts': {
    door: (door) => {
      const { clock } = door;
      let calls = 0;
      const full = () => clock.steady() + 1e6 * ++calls;
      return { ...door, clock: { now: () => clock.now(), steady: full, timer: (...asked) => clock.timer(...asked) } };
    },
    provider: withProvider((provider) => ({
      reportNics: async (of) => {
        const all = await Promise.all(Array.from({ length: 20 }, () => provider.reportNics(of)));
        return all[0] ?? [];
      },
    })),
  },
  'addresses are given before their NIC is served': {
    node: {
      doors: (doors) => {
        const { kernel, clock } = doors;
        const ensure: typeof kernel.ensure = (items, sandbox) => {
          if (sandbox !== undefined) return kernel.ensure(items, sandbox);
          clock.timer(LATE_MS, () => void kernel.ensure(items));
          return Promise.resolve({ made: items });
        };
        return {
          ...doors,
          kernel: new Proxy(kernel, { get: (of, key) => (key === 'ensure' ? ensure : bound(of, key)) }),
        };
      },
    },
  },
  'addresses do not cool': { node: PLANTED['addresses do not cool'] ?? {} },
};

/** Says that nothing was done, and for good. */
function asIfDenied(cause: unknown): never {
  throw new CloudError('denied', { action: 'planted', code: 'Planted', message: 'planted', cause });
}

function settledAtOnce(record: MemoryRecord): readonly MemoryRecord[] {
  if (record.kind !== 'intent') return [record];
  return [record, { kind: 'settled', tokens: [record.intent.token], at: record.at }];
}

function withJournal(change: (journal: Journal) => Partial<Journal>): NonNullable<CloudPlant['node']> {
  return {
    doors: (doors: AgentDoors): AgentDoors => {
      const { journal } = doors;
      const changed = change(journal) as Readonly<Record<PropertyKey, unknown>>;
      return { ...doors, journal: new Proxy(journal, { get: (of, key) => changed[key] ?? bound(of, key) }) };
    },
  };
}

function withProvider(
  change: (provider: NicProvider, door: CloudDoor) => Partial<NicProvider>,
): NonNullable<CloudPlant['provider']> {
  return (provider, door) => {
    const changed = change(provider, door) as Readonly<Record<PropertyKey, unknown>>;
    return new Proxy(provider, { get: (of, key) => changed[key] ?? bound(of, key) });
  };
}

/** A class' own fields are its own: its methods want it for `this`. */
function bound(of: object, key: PropertyKey): unknown {
  const it: unknown = Reflect.get(of, key);
  return typeof it === 'function' ? it.bind(of) : it;
}
