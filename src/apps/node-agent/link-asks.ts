import type { Family } from '../../base/ip.ts';
import { LEAST_V6_MTU } from '../../core/datapath/numbers.ts';
import type { Bandwidth, Bucket } from '../../wire/cni/runtime-config.ts';
import { MTU, type PodAsks } from '../../wire/kube/annotations.ts';
import { RefusalError } from './pool-runner.ts';

/** As runtimes send it for these annotations: so much may pass at once. */
const BURST_BITS = 4_294_967_295;

/** The MTU of a pod's link: what it asks for, where packets of that size get through. Throws RefusalError. */
export function mtuOf({ mtuBytes }: PodAsks, usual: number, families: readonly Family[]): number {
  if (mtuBytes === undefined) return usual;
  const refuse = (needs: string) => new RefusalError({ why: 'annotation', name: MTU, value: String(mtuBytes), needs });
  if (mtuBytes > usual) throw refuse(`at most ${usual}, the MTU of pods on this node`);
  if (mtuBytes < LEAST_V6_MTU && families.includes('v6')) throw refuse(`at least ${LEAST_V6_MTU}, which IPv6 needs`);
  return mtuBytes;
}

/** What the runtime tells of bandwidth, else what the annotations say. */
export function bandwidthOf({ ingressBits, egressBits }: PodAsks, told: Bandwidth | undefined): Bandwidth {
  if (told !== undefined) return told;
  const bucket = (rateBits: number): Bucket => ({ rateBits, burstBits: BURST_BITS });
  return {
    ...(ingressBits === undefined ? {} : { ingress: bucket(ingressBits) }),
    ...(egressBits === undefined ? {} : { egress: bucket(egressBits) }),
  };
}
