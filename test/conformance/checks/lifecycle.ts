import { isDeepStrictEqual } from 'node:util';
import type { Stage, Attached } from '../stage.ts';
import { oneJson, refusal, success } from '../judge.ts';
import type { Check } from '../check.ts';
import { must, noneOf } from '../verdict.ts';
import { capacity, withScarcity } from './scarcity.ts';

/** C11 to C18 and C40: attachments come and go, in every order a runtime is known to use. */
export const lifecycleChecks: readonly Check[] = [
  {
    id: 'C11',
    name: 'ADD twice: an error or the same answer again, the first attachment intact',
    run: async (stage) => {
      const it = await stage.attach(stage.list());
      const again = await stage.call({ verb: 'ADD', list: it.list, about: it.attachment });
      const same =
        again.exitCode === 0 && isDeepStrictEqual({ dns: {}, ...oneJson(again, 'the second ADD') }, it.result);
      if (!same) refusal(again, 'the second ADD, with another answer');
      await intact(stage, it, 'after the second ADD');
      return same ? 'the same answer' : 'an error';
    },
  },
  {
    id: 'C12',
    name: 'two interfaces of one container are two independent attachments',
    run: async (stage) => {
      stage.needInterface();
      const list = stage.list();
      const first = await stage.attach(list);
      const second = await stage.attach(list, { ifname: 'eth1' }, first.sandbox);
      must(
        !second.addresses.some((each) => first.addresses.includes(each)),
        `one address twice: ${second.addresses.join()}`,
      );
      const names = (await first.sandbox.links()).map((link) => link.ifname);
      must(names.includes('eth0') && names.includes('eth1'), `links are ${names.join()}`);
      await intact(stage, first, 'beside the second');
      await stage.detach(second);
      must((await first.sandbox.link('eth1')) === undefined, 'eth1 is still there after its DEL');
      // on one bridge the kernel may answer ARP for one interface with the other's MAC, and its neighbours need 8 s to
      // notice
      await intact(stage, first, 'after the DEL of the second', 12_000);
      return '';
    },
  },
  {
    id: 'C13',
    name: 'DEL twice succeeds both times',
    run: async (stage) => {
      const it = await stage.attach(stage.list());
      const more = { prevResult: it.result };
      for (const time of ['first', 'second'])
        success(await stage.call({ verb: 'DEL', list: it.list, about: it.attachment, more }), `the ${time} DEL`);
      return '';
    },
  },
  {
    id: 'C14',
    name: 'DEL after the namespace has gone succeeds and leaves nothing',
    run: async (stage) => {
      const list = stage.list();
      const before = await stage.atRest(list);
      const it = await stage.attach(list);
      await it.sandbox.remove();
      const more = { prevResult: it.result };
      success(await stage.call({ verb: 'DEL', list, about: it.attachment, more }), 'DEL');
      noneOf(await stage.residue(before));
      return '';
    },
  },
  {
    id: 'C15',
    name: 'DEL without CNI_NETNS succeeds; when the namespace goes too, nothing is left',
    run: async (stage) => {
      const list = stage.list();
      const before = await stage.atRest(list);
      for (const netns of ['', undefined]) {
        const it = await stage.attach(list);
        const exit = await stage.call({ verb: 'DEL', list, about: it.attachment, env: { CNI_NETNS: netns } });
        success(exit, netns === '' ? 'DEL with it empty' : 'DEL with it unset');
        await it.sandbox.remove();
      }
      noneOf(await stage.residue(before));
      return '';
    },
  },
  {
    id: 'C16',
    name: 'DEL without prevResult, and with a garbled one, succeeds',
    run: async (stage) => {
      const list = stage.list();
      const before = await stage.atRest(list);
      for (const prevResult of [undefined, 'garbage', { ips: 'garbage' }, { cniVersion: '9.9.9' }, {}]) {
        const it = await stage.attach(list);
        const exit = await stage.call({ verb: 'DEL', list, about: it.attachment, more: { prevResult } });
        success(exit, `DEL with prevResult ${JSON.stringify(prevResult)}`);
      }
      noneOf(await stage.residue(before));
      return '';
    },
  },
  {
    id: 'C17',
    name: 'DEL of a container that was never added succeeds',
    run: async (stage) => {
      const list = stage.list();
      const sandbox = await stage.sandbox();
      success(await stage.call({ verb: 'DEL', list, about: stage.attachment(sandbox, list) }), 'DEL');
      const nowhere = { containerId: 'never', netns: '/run/netns/never', ifname: 'eth0' };
      success(await stage.call({ verb: 'DEL', list, about: nowhere }), 'DEL with a namespace that never was');
      return '';
    },
  },
  { id: 'C18', name: 'a failed ADD leaves no link, route, rule, nft element and holds no address', run: failedAdd },
  {
    id: 'C40',
    name: "a late DEL of a pod's old sandbox leaves its new sandbox alone",
    run: async (stage) => {
      const list = stage.list();
      const args = [
        ['IgnoreUnknown', '1'],
        ['K8S_POD_NAMESPACE', 'shop'],
        ['K8S_POD_NAME', 'web-0'],
        ['K8S_POD_UID', '6f1ed002-ab5f-4a04-9d5c-1a4f5a7f0001'],
      ] as const;
      const old = await stage.attach(list, { args });
      const fresh = await stage.attach(list, { args });
      await intact(stage, fresh, 'before the late DEL');
      success(
        await stage.call({ verb: 'DEL', list, about: old.attachment, more: { prevResult: old.result } }),
        'the late DEL',
      );
      await intact(stage, fresh, 'after the late DEL');
      await stage.runtime.check(list, fresh.attachment);
      return '';
    },
  },
];

/**
 * The attachment must have its addresses and answer on them. Of a plugin that makes no interface nothing can be said.
 */
export async function intact(stage: Stage, it: Attached, when: string, deadlineMs = 3_000): Promise<void> {
  if (stage.profile.ipam === true) return;
  const link = await it.sandbox.link(it.attachment.ifname);
  const real = (link?.addr_info ?? []).map((each) => each.local);
  const lost = it.addresses.filter((each) => !real.includes(each));
  must(lost.length === 0, `${when}: ${lost.join()} gone from ${it.attachment.ifname}`);
  const silent = await stage.unreachable(it.addresses, deadlineMs);
  must(silent.length === 0, `${when}: no answer from ${silent.join()} within ${deadlineMs / 1_000} s`);
}

/** Two ways to fail: a namespace that is not there, and an interface of that name that somebody else made. */
async function failedAdd(stage: Stage): Promise<string> {
  stage.needInterface();
  return withScarcity(stage, async (list) => {
    const before = await stage.atRest(list);
    const room = await capacity(stage, list);
    const taken = await stage.sandbox();
    await taken.ip('link add eth0 type veth peer name other');
    for (let i = 0; i < 2 * room; i++) {
      const about = stage.attachment(taken, list, { containerId: `taken-${i}` });
      refusal(await stage.call({ verb: 'ADD', list, about }), 'ADD onto an interface that exists');
      const nowhere = { containerId: `nowhere-${i}`, netns: '/run/netns/nowhere', ifname: 'eth0' };
      refusal(await stage.call({ verb: 'ADD', list, about: nowhere }), 'ADD into a namespace that is not there');
    }
    const names = (await taken.links()).map((link) => link.ifname).toSorted();
    must(names.join() === 'eth0,other', `the foreign link: ${names.join()}`);
    noneOf(await stage.residue(before));
    const left = await capacity(stage, list);
    must(left === room, `${room - left} of ${room} addresses are held after ${4 * room} failed ADDs`);
    return `${4 * room} failed ADDs, all ${room} addresses free`;
  });
}
