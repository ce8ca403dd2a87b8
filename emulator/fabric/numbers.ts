import type { Address, Prefix } from '../../src/base/ip.ts';
import { hash64, hashName } from '../../src/base/hash.ts';
import type { Mac } from '../../src/base/mac.ts';
import type { Id } from '../cloud/nouns.ts';

// Every name, number and address that is the fabric's own.

/** Within a VPC, and beyond its gateways: "Network maximum transmission unit for your EC2 instance", EC2 User Guide. */
export const VPC_MTU = 9001;
export const INTERNET_MTU = 1500;

/** Where metadata is asked for: EC2 User Guide, "Use the Instance Metadata Service". */
export const METADATA_V4 = '169.254.169.254' as Address;
export const METADATA_V6 = 'fd00:ec2::254' as Address;
export const METADATA_PORT = 80;

/** Where instances reach the cloud's API: an endpoint inside the VPC, at an address that no cloud uses otherwise. */
export const API_V4 = '169.254.169.200' as Address;
export const API_PORT = 80;

/** The router of IPv6, as instances of EC2 see it; of IPv4 it is the second address of each subnet. */
export const ROUTER_V6 = 'fe80:ec2::1' as Address;

/** The fabric's end of every link, and the far end of those to the internet. Each link is a network of its own. */
export const FABRIC_MAC = '02:ec:20:00:00:01' as Mac;
export const INTERNET_MAC = '02:ec:20:00:00:02' as Mac;
/** The fabric's own address on each link, so that there is a route to what else is link-local there. */
export const NEAR_V6 = 'fe80::ec2:1/64' as const;
/** Stand for the far end of any link in routes; a permanent neighbour says which MAC that is. */
export const FAR_V4 = '169.254.255.2' as Address;
export const FAR_V6 = 'fe80::ec2:2' as Address;

/** What no route takes is led here, so that rules can tell of it. */
export const VOID_LINK = 'void';
/** To the internet, for addresses that have a public one of their own. */
export const GATEWAY_LINK = 'igw';

export const DEFAULTS = { v4: '0.0.0.0/0' as Prefix, v6: '::/0' as Prefix } as const;

/** RT_TABLE_MAIN: here lie the routes to the addresses of NICs. */
export const MAIN_TABLE = 254;
/** The table whose default route leads to nowhere; and one of the subnets' ranges, for which ARP is answered. */
export const VOID_TABLE = 1;
export const SUBNETS_TABLE = 2;
/**
 * Order of tables: routes of a route table within the VPC's ranges, then (32766, the kernel's own) the addresses of
 * NICs, then its other routes, then nowhere. Packets of instances have a mark; questions of ARP have none, and end in
 * the subnets.
 */
export const PRIORITY = { within: 100, beyond: 40_000, nowhere: 50_000, subnets: 60_000 } as const;
/** Every mark has this bit. */
export const ANY_MARK = 0x1000_0000;

/** The mark of packets that a route table rules, and with it the kernel's tables for its routes. Never 0. */
export function markOf(table: Id): { readonly mark: number; readonly within: number; readonly beyond: number } {
  const mark = Number(hash64(table) & 0x0fff_ffffn) | ANY_MARK;
  return { mark, within: 2 * mark, beyond: 2 * mark + 1 };
}

/** The fabric's end of a NIC: its MAC is the only thing of it that is short and never changes. */
export function nicLink(mac: Mac): string {
  return `v${mac.replaceAll(':', '')}`;
}

/** The link of a NAT gateway to the internet. */
export function natLink(nat: Id): string {
  return `nat${hashName(nat, 12)}`;
}

/** The far end, in the internet's namespace, of a VPC's or NAT gateway's link. */
export function farLink(owner: Id): string {
  return `to${hashName(owner, 12)}`;
}
