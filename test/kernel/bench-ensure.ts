// How long the kernel door takes for a pod: `node test/kernel/bench-ensure.ts [pods]`, as root, by hand. Ratios
// travel, absolute times do not.
import { address, type Address } from '../../src/base/ip.ts';
import { attachmentId } from '../../src/core/attachment.ts';
import type { Item, Plan } from '../../src/core/datapath/plan.ts';
import { hostLinkName, podMacs, podPlan } from '../../src/core/datapath/pod-plan.ts';
import { isNftItem } from '../../src/io/kernel/nft-door.ts';
import { send } from '../../src/io/kernel/libc.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { NetlinkSocket } from '../../src/io/kernel/netlink-socket.ts';
import { Namespace } from './namespace.ts';
import { noNft } from './no-nft.ts';

const count = Number(process.argv[2] ?? 500);
let inKernelMs = 0;
NetlinkSocket.prototype.send = function timed(bytes) {
  const start = performance.now();
  send(this.fd, bytes);
  inKernelMs += performance.now() - start;
};

for (const families of ['v4', 'v4 and v6'] as const)
  for (const watching of [false, true]) await run(families === 'v4', watching);
process.exit(0);

async function run(v4Only: boolean, watching: boolean): Promise<void> {
  using node = Namespace.make();
  node.run('ip link set lo up');
  const kernel = LinuxKernel.open({ netns: node.path, nft: noNft, poolSize: process.env['UV_THREADPOOL_SIZE'] ?? '4' });
  let told = 0;
  const unwatch = watching ? kernel.watch(() => told++) : () => {};
  const pods = Array.from({ length: count }, () => Namespace.make());
  const plans = pods.map((_, i) => planOf(i, v4Only));
  console.log(`-- ${v4Only ? 'IPv4' : 'dual stack'}${watching ? ', watching' : ''}, ${count} pods`);
  inKernelMs = 0;
  const add = await timed(plans, (plan, i) => kernel.ensure(plan, pods[i]?.path));
  row('ensure, first 10', add.slice(0, 10));
  row('ensure, last 50', add.slice(-50));
  row('ensure, all', add);
  console.log(`   of which in the kernel's send: mean ${(inKernelMs / count).toFixed(3)} ms`);
  row('observe', await timed(plans, (plan, i) => kernel.observe(plan, pods[i]?.path)));
  row('ensure again', await timed(plans, (plan, i) => kernel.ensure(plan, pods[i]?.path)));
  const half = count >> 1;
  row('remove', await timed(plans.slice(0, half), (plan, i) => kernel.remove([...plan].reverse(), pods[i]?.path)));
  const start = performance.now();
  await Promise.all(plans.slice(half).map((plan, i) => kernel.remove([...plan].reverse(), pods[half + i]?.path)));
  console.log(`   ${count - half} removed at once: ${(performance.now() - start).toFixed(0)} ms; told ${told} changes`);
  unwatch();
  await kernel.close();
  for (const pod of pods) pod.close();
}

function planOf(number: number, v4Only: boolean): Plan {
  const id = attachmentId({ network: 'net', containerId: `pod-${number}`, ifname: 'eth0' });
  const v6: Address[] = v4Only ? [] : [address(`fd00::${(number + 1).toString(16)}`)];
  const plan = podPlan({
    id,
    ifname: 'eth0',
    hostLink: hostLinkName(id),
    ...podMacs(id),
    mtuBytes: 1450,
    ordinal: 0,
    ports: [],
    bandwidth: {},
    mode: 'routed',
    addresses: [address(`10.1.${number >> 8}.${number & 255}`), ...v6],
  });
  return plan.filter((item: Item) => !isNftItem(item));
}

async function timed(plans: readonly Plan[], work: (plan: Plan, i: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (const [i, plan] of plans.entries()) {
    await new Promise((resolve) => setImmediate(resolve)); // as between two requests: notifications are read here
    const start = performance.now();
    await work(plan, i);
    times.push(performance.now() - start);
  }
  return times;
}

function row(name: string, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0).toFixed(3);
  console.log(`   ${name}: median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}
