import type { Family } from '../../base/ip.ts';
import { LOCAL_TABLE } from '../../core/datapath/numbers.ts';
import { type Item, show } from '../../core/datapath/plan.ts';
import { FLAG } from '../../wire/netlink/header.ts';
import { spellTable } from '../../wire/rtnetlink/route.ts';
import { putRule, type RuleMessage, TO_TABLE } from '../../wire/rtnetlink/rule.ts';
import { RTM } from '../../wire/rtnetlink/type.ts';
import { type Request, sendBatch } from './batch.ts';
import { kernelError } from './kernel-error.ts';
import type { Place } from './place.ts';
import { readRules } from './readings.ts';
import { familyNumber } from './requests.ts';

type LocalRule = Item & { readonly kind: 'local-rule' };

/** RTPROT_KERNEL, linux/rtnetlink.h: as the kernel's own, so that nobody takes it for a rule that may go. */
const BY_KERNEL = 2;

/** Where the kernel looks for its own addresses first; undefined when it does not at all. Throws KernelError. */
export function localRule(host: Place, family: Family): LocalRule | undefined {
  const [first] = priorities(host, family);
  return first === undefined ? undefined : { kind: 'local-rule', family, priority: first };
}

/**
 * The rule stands there, and then no more before it: the node is never without one. May be repeated. Throws
 * KernelError.
 */
export function putLocalRule(host: Place, item: LocalRule): void {
  const { family, priority } = item;
  const there = priorities(host, family);
  const put = there.includes(priority) ? [] : [request('NEWRULE', FLAG.CREATE | FLAG.EXCL, family, priority)];
  send(host, item, put);
  const before = there.filter((it) => it < priority);
  send(
    host,
    item,
    before.map((it) => request('DELRULE', 0, family, it)),
  );
}

/** Of all rules that send everything to the table of the node's own addresses, the lowest first. */
function priorities(host: Place, family: Family): readonly number[] {
  return readRules(host)
    .filter((message) => message.family === familyNumber(family) && isLocal(message))
    .map(({ priority = 0 }) => priority)
    .toSorted((a, b) => a - b);
}

function isLocal({ table, table32, action, inName, outName, mark, length, sourceLength }: RuleMessage): boolean {
  const all = inName === undefined && outName === undefined && mark === undefined && length + sourceLength === 0;
  return (table32 ?? table) === LOCAL_TABLE && action === TO_TABLE && all;
}

function request(type: 'NEWRULE' | 'DELRULE', flags: number, family: Family, priority: number): Request {
  const header = { family: familyNumber(family), length: 0, sourceLength: 0, tos: 0, action: TO_TABLE, flags: 0 };
  const message = { ...header, ...spellTable(LOCAL_TABLE), priority, protocol: BY_KERNEL };
  return { type: RTM[type], flags, body: (writer) => putRule(writer, message) };
}

function send(host: Place, item: LocalRule, requests: readonly Request[]): void {
  const [fault] = sendBatch(host, requests).faults.values();
  if (fault !== undefined) throw kernelError(fault.errno, `make ${show(item)}`, fault.said);
}
