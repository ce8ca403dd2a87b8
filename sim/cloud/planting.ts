import type { AgentDoors } from '../../src/apps/node-agent/doors.ts';
import type { NicProvider } from '../../src/io/cloud/provider.ts';
import type { Journal } from '../../src/io/store/journal.ts';
import type { CloudPlant } from './cloud-plant.ts';
import type { CloudDoor } from './ec2-client.ts';

/** A bug between the agent and its journal. */
export function withJournal(change: (journal: Journal) => Partial<Journal>): NonNullable<CloudPlant['node']> {
  return {
    doors: (doors: AgentDoors): AgentDoors => {
      const { journal } = doors;
      const changed = change(journal) as Readonly<Record<PropertyKey, unknown>>;
      return { ...doors, journal: new Proxy(journal, { get: (of, key) => changed[key] ?? bound(of, key) }) };
    },
  };
}

/** A bug between the agent and its provider. */
export function withProvider(
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
