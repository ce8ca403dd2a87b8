import type { Attached, Stage } from '../stage.ts';
import { SLICE_MS } from '../probe/socket-calls.ts';
import type { Probe } from '../probe/probe.ts';
import { noneOf } from '../verdict.ts';
import { NODE } from '../world/node.ts';

const RATE_BITS = 40_000_000; // per second: 8 MB a direction are poured in all
const BURST_BITS = 1_600_000;
const POUR_MS = 2_000;
/** The burst is gone by then, and TCP has found the rate. */
const FROM_MS = 500;
const TO_MS = 1_900;

/** What a runtime asks for: the same rate each way. */
export const BANDWIDTH = {
  ingressRate: RATE_BITS,
  ingressBurst: BURST_BITS,
  egressRate: RATE_BITS,
  egressBurst: BURST_BITS,
} as const;

/** C33: a rate asked for each way is kept within a tenth, in bits on the wire. */
export async function bandwidth(stage: Stage): Promise<string> {
  const capabilityArgs = { bandwidth: BANDWIDTH };
  return ratesKept(stage, await stage.attach(stage.list({ capability: 'bandwidth' }), { capabilityArgs }));
}

/** Throws Failed unless the attachment keeps `BANDWIDTH`. */
export async function ratesKept(stage: Stage, it: Attached): Promise<string> {
  const node = await stage.probe('node');
  const pod = await it.sandbox.probe();
  const mtu = (await it.sandbox.link('eth0'))?.mtu ?? 0;
  const inward = onWire(await poured(node, pod, it.addresses[0] ?? '', 5_001), mtu);
  const outward = onWire(await poured(pod, node, NODE.v4, 5_002), mtu);
  const told = (bits: number) => `${((100 * bits) / RATE_BITS).toFixed(1)} %`;
  const off = (bits: number) => Math.abs(bits / RATE_BITS - 1) > 0.1;
  noneOf([
    ...(off(inward) ? [`into the pod ${told(inward)} of the rate`] : []),
    ...(off(outward) ? [`out of the pod ${told(outward)} of the rate`] : []),
  ]);
  return `into the pod ${told(inward)}, out of it ${told(outward)} of ${RATE_BITS / 1e6} Mbit/s`;
}

/** TCP payload bits per second in the steady part. */
async function poured(from: Probe, to: Probe, host: string, port: number): Promise<number> {
  await to.ask('sink', port);
  await from.ask('pour', host, port, POUR_MS);
  const slices = (await to.ask('sunk')).slice(FROM_MS / SLICE_MS, TO_MS / SLICE_MS);
  const bytes = slices.reduce((sum, each) => sum + each, 0);
  return (8_000 * bytes) / (slices.length * SLICE_MS);
}

/** With Ethernet 14, IPv4 20 and TCP 32 bytes (timestamps) around each full segment. */
function onWire(payloadBits: number, mtu: number): number {
  return (payloadBits * (mtu + 14)) / (mtu - 52);
}
