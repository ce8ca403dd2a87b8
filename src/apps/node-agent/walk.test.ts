import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { show } from '../../core/datapath/plan.ts';
import { KernelError } from '../../io/kernel/kernel.ts';
import { JournalError } from '../../io/store/journal.ts';
import { settled } from './testing/hand-clock.ts';
import { type Answer, delOf, netnsOf, SmallAgent } from './testing/small-agent.ts';

let small: SmallAgent;
let empty: readonly string[]; // what stands on a node without pods

beforeEach(async () => {
  small = await new SmallAgent().start();
  empty = small.standing();
});
afterEach(() => small.close());

/** The same agent with other ranges or settings. */
async function instead(...made: ConstructorParameters<typeof SmallAgent>): Promise<void> {
  await small.close();
  small = await new SmallAgent(...made).start();
  empty = small.standing();
}

const ok = { exitCode: 0, code: 0 };
const addresses = (answers: readonly Answer[]) => answers.flatMap(({ ips }) => ips);
const held = () => small.agent.parts.attachments.count;
const config = (more: object = {}) => ({ config: { prevResult: { cniVersion: '1.1.0', ips: [] }, ...more } });

describe('ADD, CHECK, DEL', () => {
  test('a pod comes, is as it was made, and goes with everything', async () => {
    const added = await small.add({ id: 'aaaa' });
    expect(added).toMatchObject({ ...ok, ips: ['10.0.3.2'] });
    expect(await small.call('CHECK', { id: 'aaaa', ...config() })).toMatchObject(ok);
    expect(await small.call('DEL', { id: 'aaaa' })).toMatchObject(ok);
    expect(small.standing()).toEqual(empty);
    expect(small.why('10.0.3.2')).toEqual([
      expect.stringContaining('was attached with 10.0.3.2'),
      expect.stringContaining('was detached'),
    ]);
  });

  test('C11: a second ADD of the same attachment gets the same answer, and changes nothing', async () => {
    const first = await small.add({ id: 'aaaa' });
    const standing = small.standing();
    expect(await small.add({ id: 'aaaa' })).toEqual(first);
    expect(small.standing()).toEqual(standing);
    expect(small.why('aaaa').at(-1)).toContain('was attached already');
  });

  test('C11: an ADD for another sandbox than the attachment has is refused, and the first stays', async () => {
    await small.add({ id: 'aaaa' });
    const standing = small.standing();
    expect(await small.add({ id: 'aaaa', netns: '/run/netns/other' })).toMatchObject({ exitCode: 1, code: 103 });
    expect(small.standing()).toEqual(standing);
  });

  test('C12: two interfaces of one container are two attachments', async () => {
    const both = [await small.add({ id: 'aaaa' }), await small.add({ id: 'aaaa', ifname: 'net1' })];
    expect(addresses(both)).toEqual(['10.0.3.2', '10.0.3.3']);
    expect(await small.call('DEL', { id: 'aaaa', ifname: 'net1' })).toMatchObject(ok);
    expect(await small.call('CHECK', { id: 'aaaa', ...config() })).toMatchObject(ok);
  });

  test('CHECK names what is missing, and `why` tells it', async () => {
    await small.add({ id: 'aaaa' });
    const route = small.kernel.items().find((item) => item.kind === 'route' && item.on.name.startsWith('bth'));
    if (route === undefined) throw new Error('no route to the pod');
    small.kernel.deleteFromOutside(route);
    const checked = await small.call('CHECK', { id: 'aaaa', ...config() });
    expect(checked).toMatchObject({ exitCode: 1, code: 105 });
    expect(checked.says).toContain(`${show(route)} is missing`);
    expect(small.why('aaaa').at(-1)).toContain('failed CHECK');
  });
});

describe('DEL', () => {
  test('C13, C17: a second DEL, and one of a container that never was, succeed', async () => {
    await small.add({ id: 'aaaa' });
    for (const id of ['aaaa', 'aaaa', 'never']) expect(await small.call('DEL', { id })).toMatchObject(ok);
  });

  test('C14, C15, K7: the address is free again also when the sandbox is gone or not told', async () => {
    for (const [id, netns] of [
      ['gone', netnsOf('gone')],
      ['untold', ''],
    ] as const) {
      await small.add({ id });
      small.kernel.dropSandbox(netnsOf(id));
      expect(await small.call('DEL', { id, netns })).toMatchObject(ok);
    }
    expect(held()).toBe(0);
    expect(small.standing()).toEqual(empty);
  });

  test('C40: a late DEL of an older sandbox leaves the newer alone', async () => {
    await small.add({ id: 'older' });
    const newer = await small.add({ id: 'newer' });
    await small.call('DEL', { id: 'older' });
    expect(await small.add({ id: 'newer' })).toEqual(newer);
    expect(await small.call('DEL', { id: 'newer', netns: '/run/netns/long-gone' })).toMatchObject(ok);
    expect(await small.call('CHECK', { id: 'newer', ...config() })).toMatchObject(ok);
    expect(small.why('newer').at(-1)).toContain('got a DEL that was ignored');
  });

  test('calls of one container are done in the order in which they came, with nothing between them', async () => {
    const first = await small.add({ id: 'aaaa' });
    const deleted = small.call('DEL', { id: 'aaaa' });
    const added = small.add({ id: 'aaaa' });
    expect(await deleted).toMatchObject(ok);
    expect(await added).toMatchObject(ok);
    expect((await added).ips).not.toEqual(first.ips);
    expect(await small.call('CHECK', { id: 'aaaa', ...config() })).toMatchObject(ok);
  });

  test('C40: a late DEL from the spool does so too, whether the same ADD comes again after it or before', async () => {
    const newer = await small.add({ id: 'aaaa' });
    small.spooled.push({ name: 'late', call: delOf({ id: 'aaaa', netns: '/run/netns/long-gone' }) });
    expect(await small.add({ id: 'aaaa' })).toEqual(newer);
    small.spool({ id: 'aaaa', netns: '/run/netns/long-gone' });
    await settled();
    expect(small.spooled).toEqual([]);
    expect(await small.call('CHECK', { id: 'aaaa', ...config() })).toMatchObject(ok);
  });

  test('C40: an ADD that waits is not cancelled by the DEL of an older sandbox', async () => {
    await instead(['10.0.3.0/30']);
    await small.add({ id: 'aaaa' });
    await small.call('DEL', { id: 'aaaa' });
    const waiting = small.add({ id: 'bbbb' });
    await settled();
    const late = small.call('DEL', { id: 'bbbb', netns: '/run/netns/long-gone' });
    await small.clock.pass(30_000);
    expect(await waiting).toMatchObject({ ...ok, ips: ['10.0.3.2'] });
    expect(await late).toMatchObject(ok);
    expect(held()).toBe(1);
  });

  test('K4: exactly the addresses of the attachment are given back', async () => {
    for (const id of ['aaaa', 'bbbb', 'cccc']) await small.add({ id });
    await small.call('DEL', { id: 'aaaa' });
    expect(small.agent.parts.attachments.all().map((it) => it.addresses)).toEqual([['10.0.3.3'], ['10.0.3.4']]);
  });

  test('what cannot be removed is answered with 11, and its address is kept until it is', async () => {
    await small.add({ id: 'aaaa' });
    small.kernel.failOn = (item, verb) =>
      verb === 'remove' && item?.kind === 'veth' ? new KernelError('busy', 'busy', { errno: 'EBUSY' }) : undefined;
    expect(await small.call('DEL', { id: 'aaaa' })).toMatchObject({ exitCode: 1, code: 11 });
    expect(held()).toBe(1);
    expect(small.why('aaaa').at(-1)).toContain('could not be removed wholly');
    expect(small.counted).toContain('kernel EBUSY');
    small.kernel.failOn = () => undefined;
    expect(await small.call('DEL', { id: 'aaaa' })).toMatchObject(ok);
    expect(small.standing()).toEqual(empty);
  });

  test('DEL of an ADD that waits for an address cancels it', async () => {
    await instead(['10.0.3.0/30']);
    await small.add({ id: 'aaaa' });
    await small.call('DEL', { id: 'aaaa' });
    const waiting = small.add({ id: 'bbbb' });
    await settled();
    expect(small.why('bbbb').at(-1)).toContain('waits until 10.0.3.2 has cooled, for 30 s');
    const deleted = small.call('DEL', { id: 'bbbb' });
    expect(await waiting).toMatchObject({ exitCode: 1, code: 11 });
    expect(await deleted).toMatchObject(ok);
    expect(small.counted).toContain('refused cancelled');
  });

  test('a spooled DEL is carried out when it comes, and before an ADD of the same attachment', async () => {
    await small.add({ id: 'aaaa' });
    small.spool({ id: 'aaaa' });
    expect(await small.add({ id: 'aaaa' })).toMatchObject(ok);
    await settled();
    expect(small.spooled).toEqual([]);
    expect(held()).toBe(1);
    small.spool({ id: 'aaaa' });
    await settled();
    expect(held()).toBe(0);
    expect(small.why('aaaa').at(-1)).toContain('carried out from the spool');
  });
});

describe('addresses', () => {
  test('K3: a hundred ADDs at once get a hundred addresses, none of them network, gateway or broadcast', async () => {
    const asked = Array.from({ length: 100 }, (_, i) => small.add({ id: `pod${i}` }));
    const given = addresses(await Promise.all(asked));
    expect(new Set(given).size).toBe(100);
    for (const never of ['10.0.3.0', '10.0.3.1', '10.0.3.255']) expect(given).not.toContain(never);
  });

  test('K5: the 254th ADD is refused with numbers, in the same words everywhere', async () => {
    for (let i = 0; i < 253; i++) expect(await small.add({ id: `pod${i}` })).toMatchObject(ok);
    const refused = await small.add({ id: 'toomany' });
    expect(refused).toMatchObject({ exitCode: 1, code: 100 });
    const sentence = 'no IPv4 address is free: of the 253 usable addresses in 10.0.3.0/24, 253 are claimed';
    expect(refused.says).toContain(sentence);
    expect(small.why('toomany').at(-1)).toContain(sentence);
    expect(small.counted).toContain('refused exhausted');
    expect(small.logged).toContain('warn refused');
    expect(await small.call('STATUS', { id: '' })).toMatchObject({ exitCode: 1, code: 50 });
  });

  test('an address that cools is waited for, and given when it has cooled', async () => {
    await instead(['10.0.3.0/30']);
    await small.add({ id: 'aaaa' });
    await small.call('DEL', { id: 'aaaa' });
    const waiting = small.add({ id: 'bbbb' });
    await small.clock.pass(30_000);
    expect(await waiting).toMatchObject({ ...ok, ips: ['10.0.3.2'] });
  });

  test('claims survive the process: nothing is given twice, and DEL undoes what the one before made', async () => {
    await small.add({ id: 'aaaa' });
    await small.stop();
    await small.start();
    expect(await small.add({ id: 'bbbb' })).toMatchObject({ ips: ['10.0.3.3'] });
    for (const id of ['aaaa', 'bbbb']) expect(await small.call('DEL', { id })).toMatchObject(ok);
    expect(small.standing()).toEqual(empty);
  });

  test('host ports are given to one pod at a time, and the holder is named', async () => {
    const ports = { config: { runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80 }] } } };
    const args = 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;IgnoreUnknown=1';
    expect(await small.add({ id: 'aaaa', args, ...ports })).toMatchObject(ok);
    const refused = await small.add({ id: 'bbbb', ...ports });
    expect(refused).toMatchObject({ exitCode: 1, code: 102 });
    expect(refused.says).toContain('host port 8080/tcp is held by default/web');
    await small.call('DEL', { id: 'aaaa' });
    expect(await small.add({ id: 'bbbb', ...ports })).toMatchObject(ok);
  });

  test('an address that was asked for is given or refused with the reason', async () => {
    const ips = (ip: string) => ({ config: { runtimeConfig: { ips: [address(ip)] } } });
    expect(await small.add({ id: 'aaaa', ...ips('10.0.3.77') })).toMatchObject({ ...ok, ips: ['10.0.3.77'] });
    const taken = await small.add({ id: 'bbbb', ...ips('10.0.3.77') });
    expect(taken).toMatchObject({ exitCode: 1, code: 101 });
    expect(taken.says).toContain('10.0.3.77 is held by container aaaa, eth0');
  });
});

describe('a failed ADD', () => {
  test('C18: a fault at any item leaves nothing behind', async () => {
    await small.add({ id: 'aaaa' });
    const plan = small.agent.parts.attachments.all()[0]?.plan ?? [];
    await small.call('DEL', { id: 'aaaa' });
    expect(plan.length).toBeGreaterThan(5);
    for (let failing = 0; failing < plan.length; failing++) {
      let asked = 0;
      small.kernel.failOn = (_, verb) =>
        verb === 'ensure' && asked++ === failing ? new KernelError('full', 'no room') : undefined;
      expect(await small.add({ id: `pod${failing}` })).toMatchObject({ exitCode: 1, code: 104 });
      expect(small.standing()).toEqual(empty);
      expect(held()).toBe(0);
    }
  });

  test('C11, C18: a repeated ADD that fails harms nothing of the first', async () => {
    await small.add({ id: 'aaaa' });
    const standing = small.standing();
    small.kernel.failOn = (_, verb) => (verb === 'ensure' ? new KernelError('full', 'no room') : undefined);
    expect(await small.add({ id: 'aaaa' })).toMatchObject({ exitCode: 1, code: 104 });
    expect(small.standing()).toEqual(standing);
    expect(held()).toBe(1);
  });

  test('a journal that fails refuses ADDs before anything is made; no DEL is a silent success', async () => {
    let broken = false;
    small.onJournal = (journal) => ({
      append: async (records) => {
        if (broken) throw new JournalError('full', 'no space left');
        await journal.append(records);
      },
      synced: () => journal.synced(),
      memory: () => journal.memory(),
      failing: () => (broken ? 'no space left' : journal.failing()),
      close: () => journal.close(),
    });
    await small.stop();
    await small.start();
    await small.add({ id: 'aaaa' });
    const standing = small.standing();
    broken = true;
    const refused = await small.add({ id: 'bbbb' });
    expect(refused).toMatchObject({ exitCode: 1, code: 5 });
    expect(refused.says).toContain('no space left');
    expect(small.standing()).toEqual(standing);
    expect(await small.call('STATUS', { id: '' })).toMatchObject({ exitCode: 1, code: 50 });
    expect(await small.call('DEL', { id: 'aaaa' })).toMatchObject({ exitCode: 1, code: 5 });
    broken = false;
    expect(await small.call('DEL', { id: 'aaaa' })).toMatchObject(ok);
    expect(held()).toBe(0);
  });
});
