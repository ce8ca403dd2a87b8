import type { Writer } from '../../base/bytes.ts';
import { FLAG, type Message, writeMessage } from '../../wire/netlink/header.ts';
import { ERRNO } from '../../wire/netlink/errno.ts';
import { type AddressMessage, putAddress, takeAddress } from '../../wire/rtnetlink/address.ts';
import { type LinkMessage, putLink, SKIP_STATS, takeLink } from '../../wire/rtnetlink/link.ts';
import { type NeighbourMessage, putNeighbour, takeNeighbour } from '../../wire/rtnetlink/neighbour.ts';
import { putQdisc, type QdiscMessage, ROOT, takeQdisc } from '../../wire/rtnetlink/qdisc.ts';
import { putRoute, type RouteMessage, takeRoute } from '../../wire/rtnetlink/route.ts';
import { putRule, type RuleMessage, takeRule } from '../../wire/rtnetlink/rule.ts';
import { AF, RTM } from '../../wire/rtnetlink/type.ts';
import { type Request, sendBatch } from './batch.ts';
import { kernelError } from './kernel-error.ts';
import { KernelError } from './kernel.ts';
import type { Place } from './place.ts';

// Questions to the kernel. Dumps ask it to filter where it can; an older one gives more, so what comes is filtered
// again.

const NO_LINK = { family: AF.UNSPEC, type: 0, index: 0, flags: 0, change: 0, filter: SKIP_STATS };

/** The request that asks for one link, by name or index. */
export function askLink(which: string | number): Request {
  const by = typeof which === 'string' ? { name: which } : { index: which };
  return {
    type: RTM.GETLINK,
    flags: 0,
    body: (writer) => putLink(writer, { ...NO_LINK, ...by }),
  };
}

/** One link, by name or index; undefined when there is none. Throws KernelError. */
export function readLink(place: Place, which: string | number): LinkMessage | undefined {
  const { answers, faults } = sendBatch(place, [askLink(which)]);
  const fault = faults.get(0);
  if (fault !== undefined && fault.errno !== ERRNO.ENODEV)
    throw kernelError(fault.errno, `look at link ${which}`, fault.said);
  const answer = answers.get(0);
  return answer === undefined ? undefined : takeLink(answer.body);
}

/** All links of a namespace. Throws KernelError. */
export function readLinks(place: Place): readonly LinkMessage[] {
  const dump = ask(place, RTM.GETLINK, 'links', (writer) => putLink(writer, NO_LINK));
  return dump.filter(({ type }) => type === RTM.NEWLINK).map(({ body }) => takeLink(body));
}

/** The addresses of one link, or of all. Throws KernelError. */
export function readAddresses(place: Place, index = 0): readonly AddressMessage[] {
  const question = { family: AF.UNSPEC, length: 0, flags: 0, scope: 0, index };
  return ask(place, RTM.GETADDR, 'addresses', (writer) => putAddress(writer, question))
    .map(({ body }) => takeAddress(body))
    .filter((one) => index === 0 || one.index === index);
}

/** The routes of both families that leave through one link, or all. Throws KernelError. */
export function readRoutes(place: Place, outIndex?: number): readonly RouteMessage[] {
  const header = { length: 0, sourceLength: 0, tos: 0, table: 0, protocol: 0, scope: 0, type: 0, flags: 0 };
  const out = outIndex === undefined ? {} : { outIndex };
  return [AF.INET, AF.INET6].flatMap((family) =>
    ask(place, RTM.GETROUTE, 'routes', (writer) => putRoute(writer, { family, ...header, ...out }))
      .map(({ body }) => takeRoute(body))
      .filter((one) => outIndex === undefined || one.outIndex === outIndex),
  );
}

/** The policy rules of both families. Throws KernelError. */
export function readRules(place: Place): readonly RuleMessage[] {
  const header = { length: 0, sourceLength: 0, tos: 0, table: 0, action: 0, flags: 0 };
  return [AF.INET, AF.INET6].flatMap((family) =>
    ask(place, RTM.GETRULE, 'rules', (writer) => putRule(writer, { family, ...header })).map(({ body }) =>
      takeRule(body),
    ),
  );
}

/** The neighbours of one link. Throws KernelError. */
export function readNeighbours(place: Place, index: number): readonly NeighbourMessage[] {
  const question = { family: AF.UNSPEC, index: 0, state: 0, flags: 0, type: 0, linkFilter: index };
  return ask(place, RTM.GETNEIGH, 'neighbours', (writer) => putNeighbour(writer, question))
    .map(({ body }) => takeNeighbour(body))
    .filter((one) => one.index === index);
}

/** The forwarding entries of one bridge port or VXLAN device. Throws KernelError. */
export function readForwarding(place: Place, index: number): readonly NeighbourMessage[] {
  const question = { family: AF.BRIDGE, index, state: 0, flags: 0, type: 0 };
  return ask(place, RTM.GETNEIGH, 'forwarding entries', (writer) => putNeighbour(writer, question))
    .map(({ body }) => takeNeighbour(body))
    .filter((one) => one.index === index);
}

/**
 * The queueing discipline at the root of one link; undefined when there is none. The kernel can only be asked for
 * those of all links: asked for one, it tells every program that listens. So ask only when the link says that it has
 * the kind you want. Throws KernelError.
 */
export function readRootQdisc(place: Place, index: number): QdiscMessage | undefined {
  const question = { family: AF.UNSPEC, index, handle: 0, parent: ROOT, extra: 0 };
  return ask(place, RTM.GETQDISC, 'queueing disciplines', (writer) => putQdisc(writer, question))
    .map(({ body }) => takeQdisc(body))
    .find((one) => one.index === index && one.parent === ROOT);
}

function ask(place: Place, type: number, what: string, body: (writer: Writer) => void): readonly Message[] {
  const request = (sequence: number) => {
    const writer = place.writer;
    writer.rewind();
    writeMessage(writer, { type, flags: FLAG.REQUEST | FLAG.DUMP, sequence }, body);
    return writer.written;
  };
  try {
    return place.channel.dump(request, what);
  } catch (error) {
    // the link asked about went since it was seen: nothing is on it
    if (error instanceof KernelError && error.errno === 'ENODEV') return [];
    throw error;
  }
}
