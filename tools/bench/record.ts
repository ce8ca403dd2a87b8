// Writes down what the kernel room sends for pods, for native/bench/floor.c to send again: node tools/bench/record.ts
// FILE PREFIX COUNT
// Runs in a namespace of its own, where it really makes the pods and takes them away again.
import { writeFileSync } from 'node:fs';
import { address, type Address, prefix } from '../../src/base/ip.ts';
import { silent } from '../../src/base/log.ts';
import { attachmentId } from '../../src/core/attachment.ts';
import { nodePlan } from '../../src/core/datapath/node-plan.ts';
import { hostLinkName, podMacs, podPlan } from '../../src/core/datapath/pod-plan.ts';
import type { Plan } from '../../src/core/datapath/plan.ts';
import { apply, retract } from '../../src/io/kernel/execute.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { NetlinkSocket } from '../../src/io/kernel/netlink-socket.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import { VXLAN_PORT, VXLAN_VNI } from '../../src/core/datapath/numbers.ts';

const [file = '', sandboxes = '', count = '0'] = process.argv.slice(2);
const RECORD_BYTES = 1_976; // a claim with its plan, as the journal writes it

type Where = 0 | 1 | 2;
const where = new WeakMap<NetlinkSocket, Where>();
let sent: { where: Where; bytes: Uint8Array }[] = [];
listenIn();

const kernel = LinuxKernel.open({ nft: (netns) => openNft({ log: silent, netns }) });
await apply(kernel, node());
const plans = Array.from({ length: Number(count) }, (_, i) => pod(i));
const parts: Uint8Array[] = [u32(plans.length)];
for (const [i, plan] of plans.entries()) {
  sent = [];
  await apply(kernel, plan, `${sandboxes}${i}`);
  parts.push(u32(descriptorIn(sent)), u32(RECORD_BYTES), u32(sent.length));
  for (const message of sent) parts.push(u32(message.where), u32(message.bytes.length), message.bytes);
}
for (const [i, plan] of plans.entries()) await retract(kernel, plan, `${sandboxes}${i}`);
await kernel.close();
writeFileSync(file, Buffer.concat(parts));

/** The first netlink socket of routes is the host's; those opened for one call are a pod's. */
function listenIn(): void {
  const open = NetlinkSocket.open.bind(NetlinkSocket);
  let host: unknown;
  NetlinkSocket.open = (options) => {
    const socket = open(options);
    host ??= options.netns;
    where.set(socket, options.protocol === 'netfilter' ? 2 : options.netns === host ? 0 : 1);
    return socket;
  };
  const send = Reflect.get(NetlinkSocket.prototype, 'send') as (this: NetlinkSocket, bytes: Uint8Array) => void;
  NetlinkSocket.prototype.send = function (this: NetlinkSocket, bytes: Uint8Array) {
    sent.push({ where: where.get(this) ?? 0, bytes: Uint8Array.from(bytes) });
    send.call(this, bytes);
  };
}

/**
 * The number of the sandbox's descriptor: the value of IFLA_NET_NS_FD (28, linux/if_link.h) in the message that makes
 * the pair.
 */
function descriptorIn(messages: typeof sent): number {
  for (const { bytes } of messages) {
    const at = Buffer.from(bytes).indexOf(Buffer.from([8, 0, 28, 0]));
    if (at >= 0) return Buffer.from(bytes).readUInt32LE(at + 4);
  }
  throw new Error('no message names the sandbox');
}

function node(): Plan {
  const range = prefix('10.91.0.0/16');
  return nodePlan({
    nodeName: 'floor',
    mode: 'routed',
    bridge: 'berth0',
    ranges: [range],
    cluster: [range],
    masquerade: { enabled: true, except: [], ports: 'random' },
    checkSources: true,
    peers: [],
    tunnel: { use: 'never', vni: VXLAN_VNI, port: VXLAN_PORT },
    forwardAccept: true,
    mtuBytes: 1500,
    uplink: undefined,
  });
}

function pod(i: number): Plan {
  const id = attachmentId({ network: 'bench', containerId: `floor${i}`, ifname: 'eth0' });
  const addresses: readonly Address[] = [address(`10.91.${i >> 8}.${i & 255}`)];
  const more = { mtuBytes: 1500, ordinal: 0, ports: [], bandwidth: {}, mode: 'routed' } as const;
  return podPlan({ id, ifname: 'eth0', hostLink: hostLinkName(id), ...podMacs(id), ...more, addresses });
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
