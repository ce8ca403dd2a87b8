import { Reader, textOf } from '../../base/bytes.ts';
import { findAttribute } from '../netlink/attribute.ts';
import type { Message } from '../netlink/header.ts';
import { ADDRESS_FLAG } from './address.ts';
import { NEIGHBOUR_STATE } from './neighbour.ts';
import { SCOPE } from './route.ts';
import { AF, RTM } from './type.ts';

// Notifications, as little of them as tells whether somebody must look: there are a dozen for every pod.

/** Something appeared or changed, or is gone. `index` is the link it is about, 0 when it is about none. */
export interface Notice {
  readonly what: 'link' | 'address' | 'route' | 'rule' | 'neighbour' | 'netconf';
  readonly gone: boolean;
  readonly index: number;
  readonly port: number; // of the socket that caused it, where the kernel tells
  readonly name?: string; // of a link
  readonly belowNetns?: number; // of a link: the namespace of its other end
}

const LINK_HEADER = 16;
const ROUTE_HEADER = 12;
const NETCONF_HEADER = 4;
const IFLA_IFNAME = 3;
const IFLA_LINK_NETNSID = 37;
const RTA_OIF = 4;
const NETCONFA_IFINDEX = 1;
const LOCAL_TABLE = 255;
const RTM_F_CLONED = 0x200;

/**
 * The notice in a message; undefined when it is none of these, or one that concerns nobody here: ports of bridges, the
 * kernel's own local routes and cached ones, link-local addresses of IPv6 that appear, neighbours that come and go by
 * themselves. Throws DecodeError when the message is too short for its header.
 */
export function noticeOf(message: Message): Notice | undefined {
  const { type, port, body } = message;
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      return linkNotice(body, port, type === RTM.DELLINK);
    case RTM.NEWADDR:
    case RTM.DELADDR:
      return addressNotice(body, port, type === RTM.DELADDR);
    case RTM.NEWROUTE:
    case RTM.DELROUTE:
      return routeNotice(body, port, type === RTM.DELROUTE);
    case RTM.NEWRULE:
    case RTM.DELRULE:
      return { what: 'rule', gone: type === RTM.DELRULE, index: 0, port };
    case RTM.NEWNEIGH:
    case RTM.DELNEIGH:
      return neighbourNotice(body, port, type === RTM.DELNEIGH);
    case RTM.NEWNETCONF:
    case RTM.DELNETCONF: {
      const index = indexIn(findAttribute(body, NETCONF_HEADER, NETCONFA_IFINDEX));
      return { what: 'netconf', gone: type === RTM.DELNETCONF, index, port };
    }
    default:
      return undefined;
  }
}

function linkNotice(body: Uint8Array, port: number, gone: boolean): Notice | undefined {
  const index = indexAt(body, 4);
  if (body[0] !== AF.UNSPEC) return undefined; // of a bridge about its port
  const name = findAttribute(body, LINK_HEADER, IFLA_IFNAME);
  const below = findAttribute(body, LINK_HEADER, IFLA_LINK_NETNSID);
  return {
    what: 'link',
    gone,
    index,
    port,
    ...(name === undefined ? {} : { name: textOf(name.subarray(0, -1)) }),
    ...(below === undefined ? {} : { belowNetns: indexIn(below) }),
  };
}

/** A link of IPv6 gets an address by itself, told once more when nobody else turned out to have it. */
function addressNotice(body: Uint8Array, port: number, gone: boolean): Notice | undefined {
  const index = indexAt(body, 4);
  const [family = 0, , flags = 0, scope = 0] = body;
  const byItself = !gone && family === AF.INET6 && scope === SCOPE.LINK && (flags & ADDRESS_FLAG.DADFAILED) === 0;
  return byItself ? undefined : { what: 'address', gone, index, port };
}

function routeNotice(body: Uint8Array, port: number, gone: boolean): Notice | undefined {
  const reader = new Reader(body, 4);
  const table = reader.u8();
  reader.skip(3);
  if (table === LOCAL_TABLE || (reader.u32() & RTM_F_CLONED) !== 0) return undefined;
  return { what: 'route', gone, index: indexIn(findAttribute(body, ROUTE_HEADER, RTA_OIF)), port };
}

/** A permanent one that somebody removes is told as failed first. */
function neighbourNotice(body: Uint8Array, port: number, gone: boolean): Notice | undefined {
  const index = indexAt(body, 4);
  const state = new Reader(body, 8).u16();
  const lasting = (state & (NEIGHBOUR_STATE.PERMANENT | NEIGHBOUR_STATE.FAILED)) !== 0;
  return gone || lasting ? { what: 'neighbour', gone, index, port } : undefined;
}

function indexAt(body: Uint8Array, at: number): number {
  return new Reader(body, at).i32();
}

function indexIn(value: Uint8Array | undefined): number {
  return value === undefined || value.length < 4 ? 0 : indexAt(value, 0);
}
