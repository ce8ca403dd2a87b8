/** Why the fabric drops a packet. */
export const REASONS = [
  'source', //    sent from a NIC that does not hold the source address
  'egress', //    no rule of the sender's groups allows it
  'ingress', //   no rule of the receiver's groups allows it
  'unheld', //    nobody holds the destination, which lies in the VPC
  'no-route', //  the subnet's route table leads nowhere
  'no-public', // the internet gateway knows no public address of the source
  'metadata', //  asked for metadata behind a NIC that is not the primary
  'cut', //       the zones are cut from each other, by order
] as const;
export type Reason = (typeof REASONS)[number];

export function dropChain(reason: Reason): string {
  return `drop-${reason}`;
}

export function toldSet(reason: Reason, family: 'v4' | 'v6'): string {
  return `told-${reason}-${family}`;
}
