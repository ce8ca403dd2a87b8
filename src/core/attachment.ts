import type { Brand } from '../base/brand.ts';
import type { Address } from '../base/ip.ts';
import type { Millis } from '../base/clock.ts';
import type { HeldBranch } from './branches/branch.ts';
import type { NicWish } from './ipam/nic.ts';
import type { Plan } from './datapath/plan.ts';

/**
 * One interface of one sandbox on one network, "<network>/<containerId>/<ifname>": the CNI specification's
 * attachment.
 */
export type AttachmentId = Brand<string, 'AttachmentId'>;

/** The three parts that name an attachment. None of them may hold a "/" (the CNI names cannot). */
export interface AttachmentName {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

export function attachmentId(name: AttachmentName): AttachmentId {
  return `${name.network}/${name.containerId}/${name.ifname}` as AttachmentId;
}

/** The parts of an attachment's id: the opposite of `attachmentId`. */
export function attachmentName(id: AttachmentId): AttachmentName {
  const [network = '', containerId = '', ifname = ''] = id.split('/');
  return { network, containerId, ifname };
}

/** The attachments of its further interfaces. */
export function furtherIds({
  name,
  further = [],
}: Pick<AttachmentRecord, 'name' | 'further'>): readonly AttachmentId[] {
  return further.map(({ ifname }) => attachmentId({ ...name, ifname }));
}

/** Who keeps the addresses of a pod of that name while the pod is away: no attachment, and never the name of one. */
export function keeperId({ namespace, name }: Pick<PodName, 'namespace' | 'name'>): AttachmentId {
  return `${KEEPER}/${namespace}/${name}` as AttachmentId;
}

/** Who has an address that no pod is to get until it has left: nobody's name, which has but this. */
export function nobody(address: string): Pick<PodName, 'namespace' | 'name'> {
  return { namespace: '', name: address };
}

export function isNobody({ namespace }: { readonly namespace: string }): boolean {
  return namespace === '';
}

/** The pod's name behind `keeperId`; undefined: an attachment. */
export function keptFor(id: AttachmentId): { readonly namespace: string; readonly name: string } | undefined {
  const [keeper, namespace = '', name = ''] = id.split('/');
  return keeper === KEEPER ? { namespace, name } : undefined;
}

/** All keepers' ids stand in a row from here on. */
export function keepersBegin(): AttachmentId {
  return `${KEEPER}/` as AttachmentId;
}

const KEEPER = '@kept'; // no network's name begins so

/**
 * An attachment as a person looks for it, "container 8d5f3c0e6f1a2, eth0": runtimes' tools show the first letters of
 * an id.
 */
export function attachmentWords(id: AttachmentId): string {
  const kept = keptFor(id);
  if (kept !== undefined && isNobody(kept)) return 'nobody: it is to leave this node';
  if (kept !== undefined) return `the static address of ${kept.namespace}/${kept.name}`;
  const { containerId, ifname } = attachmentName(id);
  return `container ${containerId.slice(0, 13)}, ${ifname}`;
}

/** The Kubernetes (or podman) pod behind a sandbox, as far as the runtime told. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A port of the node that leads to a port of the pod. `hostIp` absent: every address of the node. */
export interface PortMapping {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostPort: number;
  readonly containerPort: number;
  readonly hostIp?: Address;
}

/** An interface that a pod asks for besides the one that its runtime asks for: an attachment of its own. */
export interface FurtherInterface {
  readonly ifname: string;
  readonly nic: NicWish;
  readonly card?: true; // of another network card than the pod's other interfaces, where there is one
}

/** What is kept of an attachment, in the journal, from before its plan is applied until nothing of it is left. */
export interface AttachmentRecord {
  readonly id: AttachmentId;
  readonly name: AttachmentName;
  readonly netns: string; //              path, as the runtime gave it
  readonly addresses: readonly Address[]; // one of each family asked for, IPv4 first
  readonly pod?: PodName;
  readonly keeper?: AttachmentId; //       has the addresses when the attachment ends: `keeperId`
  readonly branch?: HeldBranch; //         the NIC of its own that its addresses are of; else they are the pool's
  readonly of?: AttachmentId; //           a further interface of this attachment, with which it goes
  readonly further?: readonly FurtherInterface[]; // it has these besides
  readonly ports: readonly PortMapping[];
  readonly ordinal: number; //             0 for the first interface of its sandbox
  readonly plan: Plan; //                 what ADD makes and DEL takes back
  readonly result: string; //             the attachment's own result as JSON of CNI 1.1.0, without prevResult: the answer to a repeated ADD
  readonly since: Millis;
}
