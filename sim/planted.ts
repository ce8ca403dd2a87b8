import type { MemoryRecord } from '../src/core/memory/record.ts';
import type { AgentDoors } from '../src/apps/node-agent/doors.ts';
import type { Kernel } from '../src/io/kernel/kernel.ts';
import { type Disk, DiskError, type DiskFile } from '../src/io/store/disk.ts';
import { gcFrame } from './runtime.ts';
import type { Plant } from './plant.ts';

// Bugs as people make them, put between the agent and its doors. A simulator that does not find each of them proves
// nothing.

const LATE_MS = 5;

export const PLANTED: Readonly<Record<string, Plant>> = {
  'a claim is not written': {
    disk: (disk) =>
      withFiles(disk, (file) => ({ ...file, write: (at, bytes) => (at > 0 ? undefined : file.write(at, bytes)) })),
  },
  'an answer goes out before the claim is written': {
    disk: (disk, clock) =>
      withFiles(disk, (file) => ({
        ...file,
        write: (at, bytes) => {
          if (at === 0) return file.write(at, bytes);
          const copy = Uint8Array.from(bytes);
          clock.timer(LATE_MS, () => unlessRefused(() => file.write(at, copy)));
        },
      })),
  },
  'a write that failed counts as done': {
    disk: (disk) =>
      withFiles(disk, (file) => ({
        ...file,
        write: (at, bytes) => unlessRefused(() => file.write(at, bytes)),
      })),
  },
  'syncs do nothing': {
    disk: (disk) => withFiles(disk, (file) => ({ ...file, sync: () => Promise.resolve() })),
  },
  'the directory is not synced': {
    disk: (disk) => ({ ...disk, syncDirectory: () => Promise.resolve() }),
  },
  'an address is released before its pod is taken apart': {
    doors: withKernel((kernel, { clock }) => ({
      remove: (items, sandbox) => {
        clock.timer(LATE_MS, () => void kernel.remove(items, sandbox));
        return Promise.resolve([]);
      },
    })),
  },
  'what could not be removed counts as removed': {
    doors: withKernel((kernel) => ({
      remove: async (items, sandbox) => {
        await kernel.remove(items, sandbox);
        return [];
      },
    })),
  },
  'an ADD is answered before its plan stands': {
    doors: withKernel((kernel, { clock }) => ({
      ensure: (items, sandbox) => {
        clock.timer(LATE_MS, () => void kernel.ensure(items, sandbox));
        return Promise.resolve({ made: items });
      },
    })),
  },
  'a failed repeat takes away what the first ADD made': {
    doors: withKernel((kernel) => ({
      ensure: async (items, sandbox) => {
        const { made, failure } = await kernel.ensure(items, sandbox);
        return failure === undefined ? { made } : { made: items, failure };
      },
    })),
  },
  'a failed ADD leaves what it made': {
    doors: withKernel((kernel) => ({
      ensure: async (items, sandbox) => ({ ...(await kernel.ensure(items, sandbox)), made: [] }),
    })),
  },
  'lost attachments are not read off the kernel': {
    doors: withKernel(() => ({ inventory: () => Promise.resolve([]) })),
  },
  'addresses do not cool': {
    config: (config) => ({ ...config, pool: { ...config.pool, cooldownMs: 0 } }),
  },
  'a restart forgets what cools': {
    doors: withRecords((record) =>
      record.kind === 'release' && record.freeAt > 0 ? { ...record, freeAt: 1 } : record,
    ),
  },
  'a release is not written': {
    doors: withRecords((record) => (record.kind === 'release' ? { ...record, id: '' as typeof record.id } : record)),
  },
  'the first answer is not kept': {
    doors: withRecords((record) =>
      record.kind === 'claim' ? { ...record, attachment: { ...record.attachment, result: '' } } : record,
    ),
  },
  'the spool is forgotten': {
    doors: (doors) => ({ ...doors, spool: { ...doors.spool, entries: () => [] } }),
  },
  'a spooled DEL is thrown away before it is done': {
    doors: (doors) => ({
      ...doors,
      spool: {
        ...doors.spool,
        entries: () => {
          const entries = doors.spool.entries();
          for (const { name } of entries) doors.spool.remove(name);
          return entries;
        },
      },
    }),
  },
  'GC does not read its list': {
    call: (call) => (call.env['CNI_COMMAND'] === 'GC' ? { ...call, stdin: gcFrame([]).stdin } : call),
  },
  'a late DEL of an older sandbox counts for the newer': {
    call: (call) => (call.env['CNI_COMMAND'] === 'DEL' ? { ...call, env: { ...call.env, CNI_NETNS: '' } } : call),
  },
  'a DEL goes to the container that came last': {
    call: forLastContainer(),
  },
};

function unlessRefused(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

function withFiles(disk: Disk, change: (file: DiskFile) => DiskFile): Disk {
  return {
    ...disk,
    create: (name, bytes) => change(disk.create(name, bytes)),
    open: (name) => change(disk.open(name)),
  };
}

/** A bug between the agent and its kernel. */
export function withKernel(
  change: (kernel: Kernel, doors: AgentDoors) => Partial<Kernel>,
): NonNullable<Plant['doors']> {
  return (doors) => {
    const { kernel } = doors;
    const same: Kernel = {
      ensure: (items, sandbox) => kernel.ensure(items, sandbox),
      remove: (items, sandbox) => kernel.remove(items, sandbox),
      observe: (plan, sandbox) => kernel.observe(plan, sandbox),
      inventory: () => kernel.inventory(),
      macOf: (link, sandbox) => kernel.macOf(link, sandbox),
      hostLinks: () => kernel.hostLinks(),
      namespaceAt: (path) => kernel.namespaceAt(path),
      sandboxExists: (path) => kernel.sandboxExists(path),
      forgetFlows: (flows) => kernel.forgetFlows(flows),
      refresh: (plan) => kernel.refresh(plan),
      listeners: (port) => kernel.listeners(port),
      hearsPods: () => kernel.hearsPods(),
      watch: (listener) => kernel.watch(listener),
      close: () => kernel.close(),
    };
    return { ...doors, kernel: { ...same, ...change(kernel, doors) } };
  };
}

function withRecords(change: (record: MemoryRecord) => MemoryRecord): NonNullable<Plant['doors']> {
  return (doors) => {
    const { journal } = doors;
    return {
      ...doors,
      journal: {
        append: (records) => journal.append(records.map(change)),
        synced: () => journal.synced(),
        memory: () => journal.memory(),
        failing: () => journal.failing(),
        close: () => journal.close(),
      },
    };
  };
}

/** A runtime's late DEL of an old sandbox then hits the new one. */
function forLastContainer(): NonNullable<Plant['call']> {
  let last: string | undefined;
  return (call) => {
    const { CNI_COMMAND: verb, CNI_CONTAINERID: id } = call.env;
    if (verb === 'ADD') last = id;
    if (verb !== 'DEL' || last === undefined) return call;
    return { ...call, env: { ...call.env, CNI_CONTAINERID: last } };
  };
}
