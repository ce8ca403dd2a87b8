import { expect, test } from 'vitest';
import { address, prefix } from '../../src/base/ip.ts';
import { seeded } from '../../src/base/random.ts';
import { type Cloud, emptyCloud } from '../../emulator/cloud/cloud.ts';
import type { Id, Kind } from '../../emulator/cloud/nouns.ts';
import type { Request } from '../../emulator/cloud/request.ts';
import type { CloudRules, IdForm } from '../../emulator/cloud/rules.ts';
import { step } from '../../emulator/cloud/step.ts';
import { withTrouble } from '../../emulator/cloud/strike.ts';
import { Fabric } from '../../emulator/fabric/fabric.ts';
import { isRoot } from '../kernel/space.ts';
import { Stage } from './stage.ts';

const KINDS = ['vpc', 'subnet', 'reservation', 'group', 'rule', 'route-table', 'gateway', 'nat', 'instance'] as const;
const MORE = ['nic', 'attachment', 'job'] as const;
const form = (kind: Kind): IdForm => ({ prefix: `${kind}-`, letters: 8, alphabet: '0123456789abcdef' });

/** Attaching takes from one to two seconds, all else no time. */
const rules: CloudRules = {
  dialect: 'aws',
  ids: Object.fromEntries([...KINDS, ...MORE].map((kind) => [kind, form(kind)])) as Record<Kind, IdForm>,
  reserved: { first: 4, last: 1 },
  prefixLengths: { v4: 28, v6: 80 },
  delays: {
    attach: [1_000, 2_000],
    detach: [1_000, 2_000],
    launch: [0, 0],
    describe: [0, 0],
    metadata: [0, 0],
    job: [0, 0],
  },
  buckets: {},
  limits: () => ({
    cards: [{ nics: 4 }],
    addressesPerNic: 15,
    addresses6PerNic: 15,
    nitro: true,
    vcpus: 4,
    memoryMiB: 16_384,
  }),
};

test.skipIf(!isRoot)(
  'what the steps of a cloud touch comes true with packets, when it is due and not before',
  async () => {
    let cloud: Cloud = emptyCloud(rules, ['z1', 'z2']);
    let now = 0;
    const random = seeded(7);
    const fabric = await Fabric.open();
    const stage = Stage.of(fabric);
    const ask = async (request: Request): Promise<Id> => {
      const done = step(cloud, { action: request.do, group: 'any', account: 'me', request }, { now, random });
      if ('fault' in done.reply) throw new Error(JSON.stringify(done.reply.fault));
      cloud = done.cloud;
      await fabric.reconcile(cloud, done.touched);
      const kind = request.do === 'run-instances' ? 'instance' : request.do.replace('create-', '');
      return done.touched.findLast((one) => one.kind === kind)?.id ?? ('' as Id);
    };
    try {
      const vpc = await ask({ do: 'create-vpc', range: prefix('10.0.0.0/16'), v6: false, tags: {} });
      const [a, b] = [
        await ask({ do: 'create-subnet', vpc, zone: 'z1', v4: prefix('10.0.1.0/24'), tags: {} }),
        await ask({ do: 'create-subnet', vpc, zone: 'z2', v4: prefix('10.0.2.0/24'), tags: {} }),
      ];
      const launch = (subnet: Id, primary: string) =>
        ask({
          do: 'run-instances',
          least: 1,
          most: 1,
          type: 'm5.xlarge',
          nics: [{ device: 0, subnet, primary: address(primary) }],
          tags: {},
        });
      const [one, two] = [await launch(a, '10.0.1.10'), await launch(b, '10.0.2.10')];
      now += 1;
      await ask({ do: 'describe', kind: 'vpc' });
      await stage.people(one, two);
      expect(await stage.seen(one, '10.0.2.10')).toBe('10.0.1.10');
      const nic = await ask({ do: 'create-nic', subnet: a, primary: address('10.0.1.20') });
      await ask({ do: 'attach-nic', nic, instance: one, device: 1 });
      expect(await stage.run(one, 'ip -br link')).not.toContain('eth1');
      now += 2_000;
      await ask({ do: 'describe', kind: 'nic' });
      expect(await stage.run(one, 'ip -br link')).toContain('eth1');
      await ask({ do: 'assign', nic, addresses: { list: [address('10.0.1.30')] } });
      await stage.run(one, 'ip address add 10.0.1.30/32 dev eth1; ip link set eth1 up');
      // the answer leaves by eth0, which does not hold it; before, a link that came up just now may lose some
      const lost = async () => [await stage.seenSoon(two, '10.0.1.30'), ...stage.drops()];
      const dropped = expect.stringContaining('10.0.1.30 sent from');
      await expect.poll(lost, { timeout: 20_000 }).toEqual(['nothing', dropped]);
      const cut = withTrouble(cloud, { name: 'cut', what: { kind: 'cut', zone: 'z2' }, scope: {} });
      cloud = cut.cloud;
      await fabric.reconcile(cloud, cut.touched);
      expect(await stage.seenSoon(one, '10.0.2.10')).toBe('nothing');
      await ask({ do: 'detach-nic', of: { nic } });
      now += 2_000;
      await ask({ do: 'terminate-instances', instances: [two] });
      now += 2_000;
      await ask({ do: 'describe', kind: 'nic' });
      expect(await stage.run(one, 'ip -br link')).not.toContain('eth1');
      expect(fabric.machine(two)).toBeUndefined();
    } finally {
      await fabric.close();
    }
  },
);
