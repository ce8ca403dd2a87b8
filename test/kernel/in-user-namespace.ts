// Started by linux-kernel-user.test.ts inside `unshare -Urnm`: what an ordinary user may, with namespaces of its own.
import { show } from '../../src/core/datapath/plan.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { Namespace } from './namespace.ts';
import { noNft } from './no-nft.ts';
import { routedPod } from './routed-pod.ts';

const kernel = LinuxKernel.open({ nft: noNft });
const sandbox = Namespace.make();
const heard = new Set<string>();
const unwatch = kernel.watch((change) => heard.add(`${change.kind} ${'what' in change ? change.what : ''}`));
await kernel.ensure([{ kind: 'host-sysctl', key: 'net.ipv4.ip_forward', value: 1 }]);
const plan = routedPod(1);
const first = await kernel.ensure(
  [...plan, { kind: 'sysctl', on: { netns: 'pod', name: 'eth0' }, key: 'v6.accept_ra', value: 0 }],
  sandbox.path,
);
const shown = new Set((await kernel.observe(plan, sandbox.path)).map(show));
const missing = plan.filter((item) => item.kind !== 'neighbour' && !shown.has(show(item)));
await new Promise((resolve) => setTimeout(resolve, 100));
sandbox.run('ip route del default');
await new Promise((resolve) => setTimeout(resolve, 100));
const remaining = await kernel.remove([...plan].reverse(), sandbox.path);
const left = (await kernel.inventory()).map(show);
console.log(
  JSON.stringify({
    made: first.made.length,
    failure: first.failure?.error.message ?? '',
    missing,
    hearsPods: kernel.hearsPods(),
    heard: [...heard],
    remaining,
    left,
  }),
);
unwatch();
await kernel.close();
sandbox.close();
