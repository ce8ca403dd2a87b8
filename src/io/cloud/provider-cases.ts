import { expect } from 'vitest';
import { type Address, addressIn, contains, familyOf, lengthOf, type Prefix } from '../../base/ip.ts';
import type { CloudErrorKind, Holdable, NicId, NicReport, Token, Unit } from '../../core/ipam/nic.ts';
import { CloudError, type NicProvider } from './provider.ts';

// What the door to a cloud promises, as cases for whoever is behind it: the fake, an emulated cloud, a real one. Each
// case gives back what it took, since the real one is somebody's.

export interface ProviderCase {
  readonly name: string;
  readonly run: (scene: ProviderScene) => Promise<void>;
}

export interface ProviderScene {
  readonly provider: NicProvider;
  /** So long a cloud may take to show what it was asked for. */
  readonly patienceMs: number;
}

export const providerCases: readonly ProviderCase[] = [
  {
    name: 'the limits are told, and the same when asked again',
    run: async ({ provider }) => {
      const limits = await provider.limits();
      expect(limits.nics).toBeGreaterThan(0);
      expect(limits.slotsV4).toBeGreaterThan(1);
      expect(await provider.limits()).toEqual(limits);
    },
  },
  {
    name: "the node's own NIC is told first, with its address, its subnet and the way out",
    run: async ({ provider }) => {
      const own = await primary(provider);
      expect(own).toMatchObject({ device: 0, card: 0, kind: 'interface', managed: true });
      expect(own.primary.length).toBeGreaterThan(0);
      for (const it of own.primary.filter((one) => familyOf(one) === familyOf(own.subnetRange)))
        expect(contains(own.subnetRange, it)).toBe(true);
      expect(own.addresses.filter((it) => own.primary.includes(it))).toEqual([]);
      if (familyOf(own.gateway) === 'v4') expect(contains(own.subnetRange, own.gateway)).toBe(true);
    },
  },
  {
    name: "the VPC's ranges hold the node's subnet",
    run: async ({ provider }) => {
      const { subnetRange } = await primary(provider);
      expect((await provider.vpcRanges()).some((range) => contains(range, addressIn(subnetRange)))).toBe(true);
    },
  },
  {
    name: 'addresses that were assigned are as many as asked for, of the subnet, and shown from then on',
    run: async (scene) => {
      const { id, subnetRange } = await primary(scene.provider);
      await lent(scene, { nic: id, unit: 'address', count: 2 }, async ({ addresses, prefixes }) => {
        expect([addresses.length, prefixes.length]).toEqual([2, 0]);
        expect(addresses.every((it) => contains(subnetRange, it))).toBe(true);
        await shows(scene, id, addresses);
      });
    },
  },
  {
    name: 'a prefix that was assigned is a /28 of the subnet, and shown from then on',
    run: async (scene) => {
      if (!(await scene.provider.limits()).prefixes) return;
      const { id, subnetRange } = await primary(scene.provider);
      await lent(scene, { nic: id, unit: 'prefix', count: 1 }, async ({ addresses, prefixes }) => {
        expect([addresses.length, prefixes.map(lengthOf)]).toEqual([0, [28]]);
        expect(prefixes.every((it) => contains(subnetRange, addressIn(it)))).toBe(true);
        await shows(scene, id, prefixes);
      });
    },
  },
  {
    name: 'what was given back is shown no more, and giving it back again is no error',
    run: async (scene) => {
      const { provider } = scene;
      const { id } = await primary(provider);
      const { addresses } = await provider.assign({ ...ONE, nic: id, count: 2 }, token(), 'pod');
      const [first, second] = addresses as [Address, Address];
      await shows(scene, id, addresses); // nobody gives back what is that young
      await provider.unassign(id, [first], 'housekeeping');
      await provider.unassign(id, [first, second], 'housekeeping'); // one is gone: the other must go all the same
      await provider.unassign(id, [first, second], 'housekeeping');
      await eventually(scene, async () =>
        held(await primary(provider)).every((it) => !addresses.includes(it as never)),
      );
    },
  },
  {
    name: 'A90: that very address is brought to a NIC, off the one where it was left; on another, or there already, it stays',
    run: async (scene) => {
      const { provider } = scene;
      const { id } = await primary(provider);
      const other = await provider.createNic({ count: 1, unit: 'address', family: 'v4' }, token(), 'pod');
      try {
        const [it] = other.addresses as [Address];
        expect(await kindOf(provider.bring({ nic: id, address: it }, 'pod'))).toBe('taken');
        expect(await kindOf(provider.bring({ nic: id, address: it, from: NEVER }, 'pod'))).toBe('taken');
        expect(await kindOf(provider.bring({ nic: id, address: other.primary[0] ?? it }, 'pod'))).toBe('taken');
        await provider.bring({ nic: id, address: it, from: other.id }, 'pod');
        await provider.bring({ nic: id, address: it, from: other.id }, 'pod'); // the answer may have been lost
        await shows(scene, id, [it]);
        const { slotsV4 } = await provider.limits();
        const room = slotsV4 - 1 - (await primary(provider)).addresses.length;
        const full = room > 0 ? await provider.assign({ nic: id, ...ONE, count: room }, token(), 'pod') : undefined;
        await provider.bring({ nic: id, address: it }, 'pod'); // though the NIC is full
        await provider.unassign(id, [it, ...(full?.addresses ?? [])], 'housekeeping');
        await provider.bring({ nic: other.id, address: it }, 'pod'); // nobody has it now
        await shows(scene, other.id, [it]);
      } finally {
        await provider.deleteNic(other.id, 'housekeeping');
      }
    },
  },
  {
    name: 'a NIC is made with its first addresses and attached; the same token makes no second one',
    run: async (scene) => {
      const { provider } = scene;
      const own = token();
      const made = await provider.createNic({ count: 2, unit: 'address', family: 'v4' }, own, 'pod');
      try {
        expect(made.device).toBeGreaterThan(0);
        expect([made.addresses.length, made.primary.length, made.managed]).toEqual([2, 1, true]);
        expect(made.mac).not.toBe((await primary(provider)).mac);
        const again = await provider.createNic({ count: 2, unit: 'address', family: 'v4' }, own, 'pod');
        expect(again.id).toBe(made.id);
        expect(await nicCount(provider, made.id)).toBe(1);
      } finally {
        await provider.deleteNic(made.id, 'housekeeping');
      }
    },
  },
  {
    name: 'a NIC that was deleted is shown no more; deleting it again, or one that never was, is no error',
    run: async (scene) => {
      const { provider } = scene;
      const { id } = await provider.createNic({ count: 1, unit: 'address', family: 'v4' }, token(), 'refill');
      await provider.deleteNic(id, 'housekeeping');
      await provider.deleteNic(id, 'housekeeping');
      await provider.deleteNic(NEVER, 'housekeeping');
      await eventually(scene, async () => (await nicCount(provider, id)) === 0);
    },
  },
  {
    name: 'a NIC that is not there gets nothing: gone',
    run: async ({ provider }) => {
      const asked = provider.assign({ ...ONE, nic: NEVER, count: 1 }, token(), 'pod');
      expect(await kindOf(asked)).toBe('gone');
    },
  },
  {
    name: 'more than a NIC has slots for is refused whole: limit',
    run: async ({ provider }) => {
      const { id } = await primary(provider);
      const { slotsV4 } = await provider.limits();
      const before = held(await primary(provider)).length;
      expect(await kindOf(provider.assign({ ...ONE, nic: id, count: slotsV4 + 1 }, token(), 'pod'))).toBe('limit');
      expect(held(await primary(provider)).length).toBe(before);
    },
  },
  {
    name: 'metadata tell of the same NICs and addresses as the API, at the latest after a while',
    run: async (scene) => {
      const { provider } = scene;
      await eventually(scene, async () => {
        const [told, sure] = [await provider.reportNics({ sure: false }), await provider.reportNics({ sure: true })];
        return JSON.stringify(told.map(inShort)) === JSON.stringify(sure.map(inShort));
      });
    },
  },
];

const NEVER = 'eni-0123456789abcdef0' as NicId;
const ONE = { unit: 'address', family: 'v4' } as const;
let serial = 0;

function token(): Token {
  return `case-${++serial}-${Date.now().toString(36)}@${Date.now()}` as Token; // also of a run before
}

async function primary(provider: NicProvider): Promise<NicReport> {
  const [first] = await provider.reportNics({ sure: true });
  if (first === undefined) throw new Error('the node has no NIC');
  return first;
}

function held({ addresses, prefixes }: NicReport): readonly Holdable[] {
  return [...addresses, ...prefixes];
}

async function nicCount(provider: NicProvider, id: NicId): Promise<number> {
  return (await provider.reportNics({ sure: true })).filter((it) => it.id === id).length;
}

function inShort(nic: NicReport): unknown {
  return [nic.id, nic.device, nic.primary, [...held(nic)].toSorted()];
}

/** Has it assigned, uses it, and gives it back whatever happens. */
async function lent(
  { provider }: ProviderScene,
  of: { nic: NicId; unit: Unit; count: number },
  use: (given: { addresses: readonly Address[]; prefixes: readonly Prefix[] }) => Promise<void>,
): Promise<void> {
  const given = await provider.assign({ ...of, family: 'v4' }, token(), 'pod');
  try {
    await use(given);
  } finally {
    await provider.unassign(of.nic, [...given.addresses, ...given.prefixes], 'housekeeping');
  }
}

async function shows(scene: ProviderScene, id: NicId, what: readonly Holdable[]): Promise<void> {
  await eventually(scene, async () => {
    const nic = (await scene.provider.reportNics({ sure: true })).find((it) => it.id === id);
    return nic !== undefined && what.every((it) => held(nic).includes(it));
  });
}

async function eventually({ patienceMs }: ProviderScene, isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo, { timeout: patienceMs, interval: Math.min(1_000, patienceMs / 10) }).toBe(true);
}

async function kindOf(asked: Promise<unknown>): Promise<CloudErrorKind | undefined> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof CloudError) return error.kind;
    throw error;
  }
  return undefined;
}
