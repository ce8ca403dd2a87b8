import type { Millis } from '../../base/clock.ts';
import type { Family } from '../../base/ip.ts';
import { hashName } from '../../base/hash.ts';
import { byText, SortedMap } from '../../base/sorted-map.ts';
import type { CloudFailure, Holdable, Intent, NicId, NicLimits, NicReport, Token, Unit, Urgency } from './nic.ts';
import { configOf, PLACED_ANYWHERE, type Placing } from './placing.ts';

// What a pool knows of its cloud: a value. Claims are not told to it, the cloud's truth is not kept in the journal.

/** So long there must be more than is aimed at, without a break, before the least of it is given back. */
export const CALM_MS: Millis = 120_000;

/** What the operator decides about NICs; fixed for the life of a pool. */
export interface CloudPolicy {
  readonly owner: string; //         the node's name: tokens of two nodes never meet
  readonly families: readonly Family[];
  readonly unit: Unit; //            of IPv4; prefixes give way to single addresses where none is free
  readonly targets: Targets;
  readonly maxPods: number; //       no more addresses than these are asked for, rounded up to one unit
  readonly usePrimary: boolean; //   false: custom networking, the node's own NIC holds no pod
  readonly keepTrunkSlot: boolean; // one NIC slot is left free until a trunk is attached
  readonly hold: boolean; //         nothing is asked for and nothing given back
  readonly foreign: 'adopt' | 'ignore'; // addresses put on our NICs from outside, while we run
  readonly placing?: Placing; //         at the start; absent: NICs stand wherever the provider puts them
}

/** AWS's knobs, by AWS's meaning. None of the four warm ones set: the demand decides (aim.ts). */
export interface Targets {
  readonly warmAddresses?: number; //    WARM_IP_TARGET
  readonly minimumAddresses?: number; // MINIMUM_IP_TARGET
  readonly warmNics?: number; //         WARM_ENI_TARGET
  readonly warmPrefixes?: number; //     WARM_PREFIX_TARGET
  readonly maxNics?: number; //          MAX_ENI, the node's own included
}

/**
 * How far something that a NIC holds, or a NIC, is believed in. `unsure`: missing from a report, neither given nor
 * given back. `leaving`: we are giving it back. `foreign`: put there by others, and left to them.
 */
export type Trust = 'sure' | 'unsure' | 'leaving' | 'foreign';

/** An address or prefix of a NIC, or the NIC itself. */
export interface Held {
  readonly trust: Trust;
  readonly since: Millis; //              when we learnt of it
  readonly confirmedAt: Millis; //        the API itself told of it at that time; 0: never yet
  readonly missedAt: Millis | undefined; // the API itself told, asked at that time, that it is not there
}

/** A NIC that is, or lately was, attached. `ready`: the datapath serves it. */
export interface Nic extends Held {
  readonly report: NicReport; // as last told; what it holds is in `holds`
  readonly ready: boolean;
  readonly goneAt: Millis | undefined; // its link went away then, and has not come back
  readonly holds: SortedMap<Holdable, Held>;
}

/** An intent whose outcome is not known. */
export interface Flight {
  readonly intent: Intent;
  readonly urgency: Urgency;
  readonly at: Millis; //       when it was decided
  readonly sent: boolean; //    false: to be asked (again) from `dueAt` on
  readonly dueAt: Millis;
  readonly failures: number;
  readonly doubt: boolean; //   asked before a restart: the next report of the API tells what came of it
}

/** An assign that may have given more than it answered, and when it was last asked for, at the latest. */
export interface Awaited {
  readonly nic: NicId;
  readonly at: Millis;
}

/** Something that the cloud refuses for now, and when it is asked again: trouble.ts. */
export interface Trouble {
  readonly scope: string;
  readonly failure: CloudFailure;
  readonly since: Millis;
  readonly until: Millis;
  readonly failures: number; // in a row
}

export interface Cloud {
  readonly policy: CloudPolicy;
  readonly limits: NicLimits | undefined;
  readonly nics: readonly Nic[]; //      the node's own first
  readonly flights: readonly Flight[]; // oldest first
  readonly troubles: readonly Trouble[];
  /** What we gave back (a NIC's id, or id and address), and when: reports from before still tell of it. */
  readonly returned: SortedMap<string, Millis>;
  /** Assigns of which the cloud may tell late: what appears on their NICs is ours. Settled when it must have told. */
  readonly awaited: SortedMap<Token, Awaited>;
  readonly serial: number; //            of the next token
  readonly expected: number; //          pods known to be coming
  readonly cordoned: boolean; //         as `hold` of the policy, for now
  readonly placing: Placing;
  readonly report: ReportState;
  readonly gathering: Gathering | undefined;
  readonly retryAt: Millis | undefined; // a trouble that keeps a need from being asked for ends then
  readonly wakeAt: Millis | undefined; // something has cooled that one who waits for the cloud could have
  readonly calm: readonly Calm[]; //     one a need at most
}

/** A need that is asked for at that time, unless more pods come: then later, but `atLatest`. */
export interface Gathering {
  readonly at: Millis;
  readonly atLatest: Millis;
  readonly hungry: number; // ADDs that waited when it was looked at last
}

/** When the cloud told, and when it will be asked again. `told` counts reports, `sureAt` is 0 before the first. */
export interface ReportState {
  readonly told: number;
  readonly sureAt: Millis;
  readonly asked: boolean;
  readonly dueAt: Millis;
  readonly sure: boolean; // what the next one must be
}

/**
 * What is needed and given back for itself: addresses of a family on the NICs that stand by one NICConfig, or by none.
 */
export interface Need {
  readonly family: Family;
  readonly config: string | undefined;
}

/** There has been more than is wanted since then, and so much more at least all the time. */
export interface Calm extends Need {
  readonly since: Millis;
  readonly least: number;
}

/** Nothing known, everything to be asked. */
export function emptyCloud(policy: CloudPolicy): Cloud {
  return {
    policy,
    limits: undefined,
    nics: [],
    flights: [],
    troubles: [],
    returned: SortedMap.empty<string, Millis>(byText),
    awaited: SortedMap.empty<Token, Awaited>(byText),
    serial: 1,
    expected: 0,
    cordoned: false,
    placing: policy.placing ?? PLACED_ANYWHERE,
    report: { told: 0, sureAt: 0, asked: false, dueAt: 0, sure: false },
    gathering: undefined,
    retryAt: undefined,
    wakeAt: undefined,
    calm: [],
  };
}

/** Under what something given back is remembered. */
export function returnKey(nic: NicId, what?: Holdable): string {
  return what === undefined ? nic : `${nic} ${what}`;
}

/**
 * A token for the next intent: never the same twice on one node, since time and serial move on, nor on two. It ends in
 * "@" and its time, so that whoever asks again by it can say when it was first asked. 40 letters at most.
 */
export function tokenOf(cloud: Cloud, now: Millis): Token {
  return `${hashName(cloud.policy.owner, 12)}-${cloud.serial}@${Math.floor(now)}` as Token;
}

/** Whether this NIC's addresses are for pods at all. */
export function serves({ policy, placing }: Cloud, { report }: Nic): boolean {
  const byPrimary = policy.usePrimary && placing.own === undefined;
  return report.managed && report.kind === 'interface' && (byPrimary || report.device !== 0);
}

/** Whether pods that ask for this NICConfig, or for none, may have its addresses. */
export function servesFor(cloud: Cloud, nic: Nic, config: string | undefined): boolean {
  return serves(cloud, nic) && configOf(cloud.placing, nic.report) === config;
}

/** Whether pods may be given what it holds, now. */
export function gives(cloud: Cloud, nic: Nic): boolean {
  return nic.ready && nic.trust === 'sure' && serves(cloud, nic);
}

/** The NIC of that name, or undefined. */
export function nicNamed(cloud: Cloud, id: NicId): Nic | undefined {
  return cloud.nics.find(({ report }) => report.id === id);
}

/** Of the NIC that something is asked of; empty: of one that is to be made. */
export function subnetOf(cloud: Cloud, intent: Intent): string {
  return intent.kind === 'createNic' ? '' : (nicNamed(cloud, intent.nic)?.report.subnet ?? '');
}

/** What is asked of a NIC of the family: prefixes where they can be had. */
export function unitsOf({ policy, limits }: Cloud, family: Family): readonly Unit[] {
  const wanted = family === 'v6' ? 'prefix' : policy.unit;
  if (limits?.prefixes !== true) return ['address'];
  return wanted === 'prefix' ? ['prefix', 'address'] : ['address'];
}

/** How many addresses a unit is. AWS delegates a /28 or a /80. */
export function unitSize(unit: Unit, family: Family): number {
  if (unit === 'address') return 1;
  return family === 'v4' ? 16 : 2 ** 48;
}

/** How many units of a family a NIC has room for besides its primary address. */
export function slotsOf(limits: NicLimits, family: Family): number {
  return family === 'v4' ? Math.max(0, limits.slotsV4 - 1) : limits.slotsV6;
}

/** When there is next something to ask of the cloud. */
export function cloudTick(cloud: Cloud): Millis {
  const times: Millis[] = cloud.report.asked ? [] : [cloud.report.dueAt];
  if (cloud.gathering !== undefined) times.push(cloud.gathering.at);
  if (cloud.wakeAt !== undefined) times.push(cloud.wakeAt);
  for (const { sent, dueAt } of cloud.flights) if (!sent) times.push(dueAt);
  for (const { since } of cloud.calm) times.push(since + CALM_MS);
  if (cloud.retryAt !== undefined) times.push(cloud.retryAt);
  return Math.min(...times, Number.POSITIVE_INFINITY);
}
