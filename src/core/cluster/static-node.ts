import type { Address } from '../../base/ip.ts';
import type { StaticAddress, StaticStatus } from './static-address.ts';

/** One name, as a node has it. */
export interface StaticLocal {
  readonly node: string;
  readonly attached: readonly Address[] | undefined; // a pod of the name has them
  readonly kept: readonly Address[] | undefined; //     no pod has them, and nobody else gets them
  readonly served: boolean; //   what is kept can be given now
  readonly onNic: boolean; //    what is on record is on a NIC of this node, and not as the NIC's own
  readonly movable: boolean; //  a cloud's: from NIC to NIC. Else of the node's own ranges
  readonly within: boolean; //   what is on record could be here: the node has the subnet, or the range
  readonly nic: string; //       of what is kept, or attached; '': no cloud
  readonly inPrefix: boolean; // it lies in a prefix there: that has to go as a whole
  readonly idle: boolean; //     nobody here has it
  readonly guest: boolean; //    what is kept came by a count, without the right to it
  readonly leaving: boolean; //  the cloud was asked to take it off, and nobody heard that it did, over a restart too
  readonly brought: boolean; //  this ADD has had it brought, so that it is here, whatever is on record
  readonly refused: string | undefined; // the cloud will not bring it here: somebody else has it
}

/** What the API server says of the name, asked just now: a late copy would not do. `unheard`: it does not answer. */
export type StaticHeard = StaticAddress | 'absent' | 'unheard';

/** The next thing a node does about a name. Each may be done again: a crash between two of them is none. */
export type StaticMove =
  | { readonly move: 'rest' } //       nothing, until something changes
  | { readonly move: 'grant' } //      the ADD gets what is kept
  | { readonly move: 'choose' } //     the ADD gets any address, which is the name's from then on
  | { readonly move: 'keep'; readonly addresses: readonly Address[] }
  | { readonly move: 'tell'; readonly status: StaticStatus }
  | { readonly move: 'bring'; readonly addresses: readonly Address[]; readonly from: string } // a NIC
  | { readonly move: 'sendAway'; readonly addresses: readonly Address[] }
  | { readonly move: 'giveBack' } //   kept no longer: as any other address of this node
  | { readonly move: 'forget' } //     kept no longer: another node's
  | { readonly move: 'wait'; readonly because: string }
  | { readonly move: 'lose'; readonly address: Address; readonly because: string };

/** `asks`: an ADD of a pod of the name waits. */
export function staticMove(local: StaticLocal, heard: StaticHeard, asks: boolean): StaticMove {
  if (heard === 'unheard') return asks ? wait('the API server does not answer, and only it knows who has it') : REST;
  if (heard === 'absent') {
    if (local.kept !== undefined) return { move: 'giveBack' };
    return asks ? wait('it has no StaticAddress: its pod must be of a StatefulSet, and the controller run') : REST;
  }
  if (heard.spec.node !== local.node) return elsewhere(local, heard, asks);
  return heard.spec.next === '' ? staying(local, heard, asks) : leaving(local, heard, asks);
}

const REST: StaticMove = { move: 'rest' };

function wait(because: string): StaticMove {
  return { move: 'wait', because };
}

/** Another node may have it: what is left of it here goes, and is given to nobody. */
function elsewhere(local: StaticLocal, { spec, status }: StaticAddress, asks: boolean): StaticMove {
  const { attached, kept } = local;
  if (attached !== undefined) return asks ? wait('an earlier pod of the name is being removed') : REST;
  if (kept !== undefined) {
    if (!overlap(kept, status.addresses)) return { move: 'giveBack' };
    if (!local.movable) return REST; // a range stays here: it is kept for a pod that comes back, or gets another
    if (!local.onNic) return { move: 'forget' };
    // before somebody wants it, it would only come back by the next count
    return local.guest && status.state !== 'Lost' ? REST : { move: 'sendAway', addresses: status.addresses };
  }
  if (!asks) return astray(local, status);
  if (spec.node === '') return wait('the controller has not given it to this node yet');
  const told = spec.next === '' ? '' : ', which was told to let go of it';
  return wait(`it is with node ${spec.node}${told}`);
}

/**
 * What the cloud put here among those that were asked for by their number is kept: no pod of another name shall get it.
 * One that has got it keeps it until it ends; where it is missed, this node tries until then.
 */
function astray({ movable, onNic, idle }: StaticLocal, { state, addresses }: StaticStatus): StaticMove {
  return movable && onNic && (idle || state === 'Lost') ? { move: 'keep', addresses } : REST;
}

/** The pod of it is wanted on another node. Nothing is let go of while a pod has it. */
function leaving(local: StaticLocal, { status }: StaticAddress, asks: boolean): StaticMove {
  const { attached, kept } = local;
  if (attached !== undefined || asks) return asks ? wait('its pod is wanted on another node') : REST;
  if (status.node !== local.node) {
    // what came back by a count stays the name's until the right moves: then it goes
    if (kept === undefined) return astray(local, status);
    return local.movable && !local.onNic ? { move: 'forget' } : REST;
  }
  if (kept !== undefined && !overlap(kept, status.addresses)) return { move: 'giveBack' };
  if (kept === undefined && status.addresses.length > 0 && local.onNic)
    return { move: 'keep', addresses: status.addresses };
  if (local.movable && local.onNic) return { move: 'sendAway', addresses: status.addresses };
  // the NIC is told no more: the cloud may put the address there again, for another pod
  return { move: 'tell', status: { ...status, node: '', nic: '', state: 'Released', message: '' } };
}

function staying(believed: StaticLocal, { spec, status }: StaticAddress, asks: boolean): StaticMove {
  const local = unlessDoubtful(believed, status);
  const { attached, kept } = local;
  if (attached !== undefined) {
    if (asks) return wait('an earlier pod of the name is being removed');
    return told(local, status, { addresses: attached, state: 'InUse' }) ?? REST;
  }
  if (status.addresses.length === 0) {
    // kept for an object of that name that is no more, and not here any more, or perhaps not
    if (kept !== undefined && (!believed.served || believed.leaving)) return { move: 'giveBack' };
    if (!asks) return REST;
    return { move: kept === undefined ? 'choose' : 'grant' };
  }
  const lost = whyLost(local, status);
  if (lost !== undefined) return lostHere(local, { status, asks, renew: spec.conflict === 'renew', lost });
  if (kept === undefined)
    return asks || status.node === local.node ? { move: 'keep', addresses: status.addresses } : REST;
  if (!overlap(kept, status.addresses)) return { move: 'giveBack' };
  const mine = told(local, status, { addresses: status.addresses, state: 'Kept' });
  if (mine !== undefined && status.node !== local.node) return mine; // the right first, and then the address
  // that no pod has it any more is told before its NIC is known, too: nobody looks again when it is
  if (!asks && !local.leaving) return local.served || status.state === 'InUse' ? (mine ?? REST) : REST;
  if (local.served) return { move: 'grant' };
  if (!local.movable || local.onNic) return wait('no NIC of this node serves it yet');
  return { move: 'bring', addresses: status.addresses, from: status.nic };
}

/**
 * What was let go of and came back by a count may have been taken off the NIC by a call that was late; so may what was
 * to leave, and is wanted here again before anybody knows whether it has left. Where the record does not name the NIC,
 * or nobody knows, the cloud is asked once more to bring it: it is there already = success. So is what lies in a
 * prefix: it could not leave from there.
 */
function unlessDoubtful(local: StaticLocal, { nic }: StaticStatus): StaticLocal {
  const { movable, attached, brought, leaving, inPrefix } = local;
  const doubtful = movable && attached === undefined && !brought && (leaving || inPrefix || nic !== local.nic);
  return doubtful ? { ...local, served: false, onNic: false } : local;
}

/** Why an address that has been the name's cannot be here. */
function whyLost({ within, refused, movable, kept, served }: StaticLocal, { node }: StaticStatus): string | undefined {
  if (kept !== undefined && served) return undefined;
  if (refused !== undefined) return refused;
  if (within) return undefined;
  const of = node === '' ? '' : `, but of node ${node}`;
  return movable ? 'it is of a subnet that no NIC of this node stands in' : `it is of no range of this node${of}`;
}

function lostHere(
  local: StaticLocal,
  of: { status: StaticStatus; asks: boolean; renew: boolean; lost: string },
): StaticMove {
  const { status, asks, renew, lost } = of;
  const [address] = status.addresses;
  if (!asks || address === undefined) return REST;
  if (renew) return local.kept === undefined ? { move: 'choose' } : { move: 'forget' };
  const message = lost;
  if (status.state !== 'Lost' || status.message !== message)
    return { move: 'tell', status: { ...status, state: 'Lost', message } };
  return { move: 'lose', address, because: lost };
}

/** What is to be told, unless it was. */
function told(
  { node, nic, movable, onNic }: StaticLocal,
  before: StaticStatus,
  of: Pick<StaticStatus, 'addresses' | 'state'>,
): StaticMove | undefined {
  const left = of.state === 'Kept' && movable && !onNic; // it is still where it was last
  const status = { ...before, ...of, node, nic: left ? before.nic : nic, message: '' };
  const text = ({ addresses, ...rest }: StaticStatus) =>
    JSON.stringify([addresses, rest.node, rest.nic, rest.state, rest.message]);
  return text(status) === text(before) ? undefined : { move: 'tell', status };
}

function overlap(a: readonly Address[], b: readonly Address[]): boolean {
  return a.some((it) => b.includes(it));
}
