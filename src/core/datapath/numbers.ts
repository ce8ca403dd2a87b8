import { address, type Address, type Prefix } from '../../base/ip.ts';

// Every table, priority, mark, name and limit in use, with its reason, in one place.

/** Main route table: RT_TABLE_MAIN, linux/rtnetlink.h. */
export const MAIN_TABLE = 254;

/**
 * Who made a route or rule, as the kernel keeps it: `ip route` shows "proto 98". By it we know ours after a restart,
 * and spare all others.
 * Above 4 (static) the kernel leaves the number to user space; 98 is in no rt_protos of iproute2 and of no routing
 * daemon.
 */
export const ROUTE_PROTOCOL = 98;
/** Metric of an unreachable route: any other route to the same range goes before it. */
export const LAST_METRIC = 4_000_000_000;
/**
 * The alias of bridges and tunnels of our own: by it we know ours after a restart. Pods' links are known by their
 * name.
 */
export const LINK_ALIAS = 'berth';

/** The gateway that answers for every pod; no host ever has it. Link-local, RFC 3927. */
export const GATEWAY_V4: Address = address('169.254.1.1');
export const GATEWAY_V6: Address = address('fe80::1');
export const DEFAULT_V4 = '0.0.0.0/0' as Prefix;
export const DEFAULT_V6 = '::/0' as Prefix;

/** Host ends of pods: this and 12 letters of the attachment's hash are 15 bytes, IFNAMSIZ - 1. */
export const HOST_LINK_PREFIX = 'bth';

/** MTU of Ethernet: what we take for the uplink's when there is no uplink. */
export const DEFAULT_MTU = 1500;
/** Links with less carry no IPv6: RFC 8200, section 5. */
export const LEAST_V6_MTU = 1_280;

/**
 * Inside a pod: the route table of its second interface is this and 1, of the third this and 2. Chained plugins (sbr)
 * count from 100.
 */
export const POD_TABLE_BASE = 1_000;
/**
 * Inside a pod: the rule that leads what has the second interface's address to its table. AWS's number for "from a
 * pod".
 */
export const POD_RULE_PRIORITY = 1_536;

/** Our nftables table, family inet. */
export const TABLE_NAME = 'berth';

/** The VXLAN device between nodes that share no link, its identifier, and IANA's port of VXLAN (RFC 7348). */
export const VXLAN_LINK = 'berth-vx';
export const VXLAN_VNI = 4077;
export const VXLAN_PORT = 4789;
/** Outer Ethernet 14, IP 20 or 40, UDP 8, VXLAN 8 bytes: RFC 7348, section 5. */
export const VXLAN_OVERHEAD_V4 = 50;
export const VXLAN_OVERHEAD_V6 = 70;

export const DEFAULT_BRIDGE = 'berth0';

/**
 * How long a used address rests: longer than the caches (ARP, conntrack UDP 30 s) of whoever spoke with the old pod.
 */
export const COOLDOWN_MS = 30_000;
/** How long an ADD may wait for an address: shorter than the shim's 90 s, so that the refusal is ours and says why. */
export const PATIENCE_MS = 60_000;
/**
 * How long an ADD waits for a node plan that does not stand yet: two more tries of it, and short enough for a DEL that
 * waits behind.
 */
export const NODE_WAIT_MS = 5_000;
/** How many ADDs may wait for an address at once. */
export const WAITING_LIMIT = 1_000;
/** How often it is looked whether what `berth install` gave to the runtime is still there. */
export const INSTALLED_LOOK_MS = 5_000;
/** Events kept in memory for `berth why`. */
export const EVENT_RING = 4_096;

/**
 * The low bits of a packet's and a connection's mark say by which NIC it leaves; kube-proxy's and Calico's lie above.
 * 0: nobody has said.
 */
export const NIC_MARK_MASK = 0xfff;
/** The mark of the primary NIC, whose routes are the main table's. Of others: `nicNumber`. */
export const PRIMARY_MARK = 0x800;
/** kube-proxy's default for what it will masquerade: such a packet leaves by the node's own address. */
export const KUBE_MASQUERADE_MARK = 0x4000;
/** The route table of a NIC is this and its number. */
export const NIC_TABLE_BASE = 4_000;
/** What the main table may lack for the primary NIC's pods. No NIC has the number 0. */
export const PRIMARY_TABLE = NIC_TABLE_BASE;

/** Before all else: the pods of this node, by the main table's routes to single hosts. AWS's "to a pod". */
export const TO_PODS_PRIORITY = 512;
/** What is marked for the primary NIC. AWS's number, as the next two. */
export const PRIMARY_PRIORITY = 1_024;
/** Ranges outside of the VPC that only the primary NIC knows the way to. */
export const EXTERNAL_PRIORITY = 1_535;
/** What is marked for another NIC. */
export const NIC_PRIORITY = 1_536;
/** What the node itself sends from a NIC's own address. The last before the main table's rule, 32766. */
export const NIC_OWN_PRIORITY = 32_765;

/** What a branch NIC and its pod send, before the node's own addresses: AWS's number. */
export const BRANCH_PRIORITY = 10;
/** Where the kernel's rule for the node's own addresses stands then; by itself it is 0. AWS's number. */
export const LOCAL_PRIORITY = 20;
/** RT_TABLE_LOCAL, linux/rtnetlink.h: the node's own addresses. */
export const LOCAL_TABLE = 255;
/** The route table of a branch NIC is this and its VLAN, of 12 bits. AWS's begin at 100, among those of others. */
export const BRANCH_TABLE_BASE = 10_000;
/** The link of a branch NIC's VLAN that we make: this and the number. AWS's name. */
export const VLAN_LINK_PREFIX = 'vlan.eth.';
