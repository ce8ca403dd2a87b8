import { at, type AwsRow, check } from './aws-row.ts';
import { CNI_ROWS } from './aws-rows-of-cni.ts';

const POLICY = 'NetworkPolicy is later work.';
/** A74 to A82. */
const POLICIES: readonly string[] = [
  'NetworkPolicy: all of Cyclonus.',
  'NetworkPolicy: strict mode.',
  'NetworkPolicy before the first packet.',
  'NetworkPolicy and long-lived flows.',
  'NetworkPolicy: many ports and ranges.',
  'NetworkPolicy behind a Service with another port.',
  'Tiers of policies.',
  'Policy while the agent is down.',
  'Policy at scale.',
];

/** A1 to A90, in order: what each asks, in our words, and what of it is not there yet. */
export const AWS_ROWS: readonly AwsRow[] = [
  ...CNI_ROWS,
  { asks: "AWS's four targets have AWS's meaning: every published vector." },
  { asks: 'Never more addresses than max-pods and one unit.' },
  { asks: 'One pod more and one less for ten minutes: two unassign calls at most.' },
  { asks: 'Twenty pods at once from one warm address: two calls.' },
  { asks: 'A freed address rests 30 s, and is then given again.' },
  {
    asks: 'It rests on over a restart.',
    also: [
      at('test/agent/state.test.ts', 'A18: after a reboot nobody is attached, and what was cooling goes on cooling'),
    ],
  },
  { asks: '30 DELs and 30 ADDs in a moment: none fails while the cloud has more.' },
  { asks: 'Prefixes: 17 pods in two.' },
  { asks: 'No /28 free: single addresses.' },
  {
    asks: 'Of 100 pods 70 die at random: all prefixes but the ideal and one come free.',
    open: 'They come free once the others were replaced: living pods are never moved.',
  },
  { asks: 'From nothing to everything and back: as few NICs as before.' },
  { asks: 'MAX_ENI, NICs of others, the slot of a trunk.' },
  { asks: "The vendor's limits of twenty types; an unknown type is asked of EC2." },
  {
    asks: 'Lost NICs are deleted: own tags, older than 5 minutes, by one agent alone; never those of others.',
  },
  { asks: 'Throttled: pauses that differ by chance, a rate within the budget, recovery.' },
  { asks: 'Three shapes of a dry subnet; only that one rests; metric and Event.' },
  { asks: 'Metadata that miss a NIC for 60 s harm no pod.' },
  { asks: 'A NIC detached from outside: told, with its pods; its addresses are not given again.' },
  { asks: 'An address from outside is adopted or left alone, and never used twice.' },
  { asks: 'Subnets by tag, most free first, of this cluster.' },
  { asks: "Subnet and groups by zone; the node's own NIC holds no pod." },
  { asks: "NICs follow the security groups of the node's own within 60 s." },
  {
    asks: 'Security groups of single pods, strict and standard.',
    open: 'Where the kernel shows no link for the branch NIC, a VLAN of the trunk is made: encoded as iproute2 does it, not run, for want of 802.1q in the kernel.',
  },
  {
    asks: 'An annotated pod has an address of each network card.',
    open: 'NICs are made on the first card only; those of further cards are used, but no packet passes one here.',
  },
  { asks: 'Masqueraded or not, the VPC sees the pod; switched without a restart.' },
  { asks: 'Ranges that are excepted, live; ports kept, hashed or random.' },
  { asks: "Ranges that only the node's own NIC knows the way to: rule 1535." },
  {
    asks: 'Answers to NodePort and host ports leave by the NIC that the question came in by.',
    open: 'kube-proxy in its ipvs mode: this kernel has none.',
  },
  {
    asks: 'iptables backends.',
    open: 'Berth has a table of nftables of its own and writes into no other: there is none to choose.',
  },
  { asks: 'Rules, routes and the table are back in 10 s.' },
  { asks: 'A range more of the VPC is no longer masqueraded after 60 s.' },
  { asks: 'rp_filter and forwarding are as they must be, and come back.' },
  {
    asks: "The MTU of pods is the link's, less what a tunnel takes; another one can be set, in its bounds.",
    also: [
      at(
        'src/core/datapath/tunnel.test.ts',
        'the tunnel costs 50 bytes over IPv4 and 70 over IPv6, and nothing when nobody needs it',
      ),
    ],
  },
  {
    asks: 'The MACs of links are ours, so that udev changes none.',
    also: [
      at(
        'src/core/datapath/pod-plan.test.ts',
        'the MACs of an attachment are two, local, unicast, and always the same',
      ),
    ],
  },
  {
    asks: 'Host ports.',
    also: [check('capabilities.ts', 'portMappings: TCP, UDP, SCTP, hostIP, IPv6; a UDP flow follows to a second pod')],
  },
  {
    asks: 'Rates are held within 10 %.',
    open: 'Together with NetworkPolicy: later.',
    also: [check('capabilities.ts', 'bandwidth: the rate is held within 10 %')],
  },
  { asks: 'IPv6 alone: a /128 of the delegated prefix, no NAT.' },
  { asks: 'Both families in one pod, and both in the result that podIPs are made of.' },
  {
    asks: 'An IPv6 pod reaches an IPv4 host, and the reverse.',
    open: 'Not there, on purpose: `cloud.families` may be both, or DNS64 and a NAT gateway translate (docs/aws.md, "One family, one way").',
  },
  {
    asks: 'Rules, routes and tables of others are as before.',
    also: [at('test/agent/repair.test.ts', 'what is not ours is not touched')],
  },
  { asks: 'The address as an annotation of the pod.' },
  { asks: 'Custom tags, put on at the creation; reserved keys are refused.' },
  {
    asks: 'Metrics, with histograms of CNI calls.',
    open: "Names are Berth's own: docs/aws.md has aws-node's beside them.",
    also: [
      at(
        'src/apps/node-agent/cloud-views.test.ts',
        'a node on a cloud tells its NICs, its pool and its numbers, and they agree',
      ),
    ],
  },
  {
    asks: 'Pool, cooling and pending calls as JSON on a unix socket.',
    also: [
      at(
        'src/apps/node-agent/cloud-views.test.ts',
        'a node on a cloud tells its NICs, its pool and its numbers, and they agree',
      ),
    ],
  },
  { asks: 'Events for denied, exhausted and throttled.' },
  {
    asks: 'A support bundle by one command, without secrets.',
    also: [at('test/agent/install.test.ts', 'a bundle for a supporter holds what explains the node, and no secret')],
  },
  {
    asks: 'Probes that bear a busy machine; log level without restart; logs of bounded size.',
    open: 'Stress is shown for twenty seconds, not for ten minutes.',
    also: [
      at(
        'src/io/config/changes.test.ts',
        'nothing that waits for the next start is taken on before, and everything else is',
      ),
    ],
  },
  ...POLICIES.map((asks) => ({ asks, open: POLICY })),
  {
    asks: 'p50 and p99 of a burst of 110 pods.',
    command: 'npm run bench:aws',
  },
  {
    asks: '500 nodes within the quota, no ADD starved.',
    open: 'Where all start in one moment, calls are refused until each node has slowed down; every ADD is served, and none is refused later.',
    command: 'npm run bench:aws',
  },
  {
    asks: 'Nothing leaks over 24 h of churn.',
    open: 'Shown for the length of a torture, not for a day.',
    command: 'npm run torture',
  },
  { asks: 'Without write access to the cloud on the node.' },
  {
    asks: 'Each bad value is refused with field and reason; the effective configuration is printed.',
    also: [at('src/io/config/load.test.ts', '%j is refused with its place and what is expected')],
  },
  { asks: 'A cordoned node neither grows nor shrinks.' },
  { asks: "The node's capacity told to the scheduler." },
  {
    asks: "A StatefulSet's pod keeps its address.",
    also: [
      at(
        'test/cluster/static-address.ts',
        'U31, A90: a pod of a StatefulSet keeps its address on another node of the zone, and answers there',
      ),
    ],
  },
];
