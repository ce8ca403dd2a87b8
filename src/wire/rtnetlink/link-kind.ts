import { Writer } from '../../base/bytes.ts';
import { putNest, readAttributes } from '../netlink/attribute.ts';
import { address, fields, type Spelled, u16, u16be, u32, u8 } from '../netlink/fields.ts';
import { type LinkMessage, putLink, takeLink } from './link.ts';

// What IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA hold, by kind: linux/if_link.h and, of veth, linux/veth.h.

const VETH_INFO_PEER = 1;

/** The data of a veth that is asked for: its other end, a whole link message within an attribute. */
export function vethBytes(peer: LinkMessage): Uint8Array {
  const writer = new Writer(256);
  putNest(writer, VETH_INFO_PEER, () => putLink(writer, peer));
  return writer.written;
}

/** The other end within the data of a veth; undefined when there is none. Throws DecodeError. */
export function takeVethPeer(bytes: Uint8Array): LinkMessage | undefined {
  const peer = readAttributes(bytes).find(({ type }) => type === VETH_INFO_PEER);
  return peer === undefined ? undefined : takeLink(peer.value);
}

const VXLAN = fields({
  id: [1, u32],
  local: [4, address],
  local6: [17, address],
  ttl: [5, u8],
  learning: [7, u8],
  ageing: [8, u32],
  port: [15, u16be], // UDP, on the wire in network order
});
export type VxlanData = Spelled<typeof VXLAN>;

export function vxlanBytes(data: VxlanData): Uint8Array {
  const writer = new Writer(128);
  VXLAN.put(writer, data);
  return writer.written;
}

/** Throws DecodeError. */
export function takeVxlan(bytes: Uint8Array): VxlanData {
  return VXLAN.take(bytes);
}

const VLAN = fields({ id: [1, u16] }); // IFLA_VLAN_ID
export type VlanData = Spelled<typeof VLAN>;

/** The data of a VLAN's link. What is not said is the kernel's own: 802.1Q, not 802.1ad. */
export function vlanBytes(data: VlanData): Uint8Array {
  const writer = new Writer(32);
  VLAN.put(writer, data);
  return writer.written;
}

/** Throws DecodeError. */
export function takeVlan(bytes: Uint8Array): VlanData {
  return VLAN.take(bytes);
}

const PORT = fields({ state: [1, u8], hairpin: [4, u8] });
export type BridgePortData = Spelled<typeof PORT>;

/** What a link is as a port of a bridge. */
export function bridgePortBytes(data: BridgePortData): Uint8Array {
  const writer = new Writer(64);
  PORT.put(writer, data);
  return writer.written;
}

/** Throws DecodeError. */
export function takeBridgePort(bytes: Uint8Array): BridgePortData {
  return PORT.take(bytes);
}
