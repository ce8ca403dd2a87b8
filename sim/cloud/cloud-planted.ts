import type { Item } from '../../src/core/datapath/plan.ts';
import { NIC_OF } from '../../src/core/datapath/node-ruleset.ts';
import type { Memory, MemoryRecord } from '../../src/core/memory/record.ts';
import type { Token } from '../../src/core/ipam/nic.ts';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { PLANTED, withKernel } from '../planted.ts';
import type { CloudPlant } from './cloud-plant.ts';
import { withJournal, withProvider } from './planting.ts';

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
      doors: withKernel((kernel, { clock }) => ({
        ensure: (items, sandbox) => {
          if (sandbox !== undefined) return kernel.ensure(items, sandbox);
          clock.timer(LATE_MS, () => void kernel.ensure(items));
          return Promise.resolve({ made: items });
        },
      })),
    },
  },
  'a doubt about an answer is not told': {
    provider: withProvider((provider) => ({
      assign: async (...asked) => {
        const { addresses, prefixes } = await provider.assign(...asked);
        return { addresses, prefixes };
      },
    })),
  },
  'what an assign gave after a lost answer is not looked for': {
    provider: withProvider((provider) => ({
      assign: (...asked) => provider.assign(...asked).catch(asIfDenied),
    })),
  },
  'a restart forgets what was being given back': {
    node: withJournal((journal) => ({ memory: () => withoutReturns(journal.memory()) })),
  },
  'a restart forgets what cools': { node: PLANTED['a restart forgets what cools'] ?? {} },
  'an unassign takes one address more than it should': {
    provider: withProvider((provider) => ({
      unassign: async (nic, what, urgency) => {
        const all = await provider.reportNics({ sure: true });
        const more = all.find(({ id }) => id === nic)?.addresses.find((it) => !what.includes(it));
        await provider.unassign(nic, more === undefined ? what : [...what, more], urgency);
      },
    })),
  },
  'an address counts for two NICs': {
    provider: withProvider((provider) => ({
      reportNics: async (of) => {
        const [first, ...others] = await provider.reportNics(of);
        if (first === undefined) return [];
        return [first, ...others.map((nic) => ({ ...nic, addresses: [...nic.addresses, ...first.addresses] }))];
      },
    })),
  },
  'an address that a pod has is told as given once more': {
    provider: withProvider((provider) => ({
      assign: async (of, token, urgency) => {
        const given = await provider.assign(of, token, urgency);
        const before = (await provider.reportNics({ sure: true })).filter(({ id }) => id !== of.nic);
        return { ...given, addresses: [...given.addresses, ...before.flatMap(({ addresses }) => addresses)] };
      },
    })),
  },
  'a NIC that is being detached counts as staying': {
    provider: withProvider((provider) => ({
      deleteNic: (...asked) => {
        void provider.deleteNic(...asked).catch(() => {});
        return Promise.resolve().then(() => asIfDenied(new Error('not yet')));
      },
    })),
  },
  'nobody sweeps': { provider: withProvider(() => ({ collectLeaked: () => Promise.resolve([]) })) },
  'a call that fails is never answered': {
    provider: withProvider((provider) => ({
      assign: (...asked) => provider.assign(...asked).catch(() => new Promise(() => {})),
    })),
  },
  'what is asked of the cloud is not synced': {
    node: withJournal(() => ({ synced: () => Promise.resolve() })),
  },
  'all NICs have the mark of the first': {
    node: {
      doors: withKernel((kernel) => ({
        ensure: (items, sandbox) => kernel.ensure(items.map(markedAlike), sandbox),
      })),
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

/** What a process reads that forgets what is on its way back. */
function withoutReturns(memory: Memory): Memory {
  const { intents } = memory;
  const back = [...intents].flatMap(([token, { intent }]) => (intent.kind === 'unassign' ? token : []));
  return { ...memory, intents: back.reduce((all, token) => all.delete(token), intents) };
}

function markedAlike(item: Item): Item {
  return item.kind === 'element' && item.set === NIC_OF.v4 ? { ...item, data: ['1'] } : item;
}
