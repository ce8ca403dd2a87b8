/** One metric as it is exposed. docs/metrics.md has a line for each; a test compares both ways. */
export interface MetricLine {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

/** Seconds of one CNI call: an ADD takes one or two milliseconds, one that waits for an address up to a minute. */
const CALL_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10, 60] as const;
/** Seconds of one group commit: a quarter of a millisecond on a good disk. */
const COMMIT_BUCKETS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.02, 0.1, 1] as const;

/** Seconds of one call of a cloud: a tenth to describe, one or two to change, and what `aws.timeout` allows. */
const CLOUD_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** Every metric of the agent. No label holds a pod, a container or an address: their number has no bound. */
export const METRICS = {
  callSeconds: {
    name: 'berth_cni_call_duration_seconds',
    type: 'histogram',
    help: 'Time inside the agent of one CNI call, whole (stage "total") and by stage.',
    labels: ['verb', 'stage', 'result'],
    buckets: CALL_BUCKETS,
  },
  refusals: {
    name: 'berth_refusals_total',
    type: 'counter',
    help: 'ADDs refused, by the reason that the CNI error, the log and `berth why` give.',
    labels: ['why'],
  },
  addresses: {
    name: 'berth_addresses',
    type: 'gauge',
    help: 'Addresses of this node by state: usable is what could ever be given; the others are parts of it.',
    labels: ['family', 'state'],
  },
  waiting: {
    name: 'berth_waiting_adds',
    type: 'gauge',
    help: 'ADDs that wait for an address of the family.',
    labels: ['family'],
  },
  attachments: {
    name: 'berth_attachments',
    type: 'gauge',
    help: 'Attachments on record.',
    labels: [],
  },
  spooled: {
    name: 'berth_spooled_deletes',
    type: 'gauge',
    help: 'DELs that were written down while the agent was away and are not done yet.',
    labels: [],
  },
  degraded: {
    name: 'berth_degraded',
    type: 'gauge',
    help: '1 while an ADD would fail, also as pods have taken all addresses, else 0.',
    labels: [],
  },
  repairs: {
    name: 'berth_repaired_items_total',
    type: 'counter',
    help: 'Things that were missing or changed, in the kernel or among the installed files, and were made again.',
    labels: ['owner'],
  },
  journalSeconds: {
    name: 'berth_journal_commit_duration_seconds',
    type: 'histogram',
    help: 'Time of one write of the journal, with all records that gathered for it.',
    labels: [],
    buckets: COMMIT_BUCKETS,
  },
  kernelErrors: {
    name: 'berth_netlink_errors_total',
    type: 'counter',
    help: 'Errors that the kernel answered, by name.',
    labels: ['errno'],
  },
  cloudSeconds: {
    name: 'berth_cloud_call_duration_seconds',
    type: 'histogram',
    help: "Time of one call of the cloud's API, each try by itself, without the wait for this node's own budget.",
    labels: ['action', 'outcome'],
    buckets: CLOUD_BUCKETS,
  },
  poolAddresses: {
    name: 'berth_pool_addresses',
    type: 'gauge',
    help: 'Addresses of the NICs that pods may use: held, its parts, and coming besides.',
    labels: ['family', 'state'],
  },
  nics: {
    name: 'berth_nics',
    type: 'gauge',
    help: 'NICs of this node by state.',
    labels: ['state'],
  },
  intents: {
    name: 'berth_cloud_intents',
    type: 'gauge',
    help: 'Changes of the cloud that are on record and not known to be done.',
    labels: ['kind'],
  },
  taken: {
    name: 'berth_taken_total',
    type: 'counter',
    help: 'NICs and addresses that somebody took away from this node in the cloud, confirmed by its API.',
    labels: ['what'],
  },
  troubles: {
    name: 'berth_cloud_troubles',
    type: 'gauge',
    help: 'What the cloud refused and nothing has shown to be over, as `berth pool` tells it.',
    labels: ['kind'],
  },
  apiCalls: {
    name: 'berth_api_calls_total',
    type: 'counter',
    help: 'Calls of the API server that have ended, by what was asked, of what, and what came of it; a page is one.',
    labels: ['verb', 'resource', 'outcome'],
  },
  apiEvents: {
    name: 'berth_api_watch_events_total',
    type: 'counter',
    help: 'What watches of the API server told, bookmarks included.',
    labels: ['resource'],
  },
  apiUnheard: {
    name: 'berth_api_unheard',
    type: 'gauge',
    help: '1 while changes of the cluster are not heard and the node works on with what is on record, else 0.',
    labels: [],
  },
  clusterNodes: {
    name: 'berth_cluster_nodes',
    type: 'gauge',
    help: 'Nodes of the cluster that this one knows a way to, itself included.',
    labels: [],
  },
  build: {
    name: 'berth_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node_version'],
  },
  cpu: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time of the agent, user and system.',
    labels: [],
  },
  memory: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the agent.',
    labels: [],
  },
  descriptors: {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open file descriptors of the agent.',
    labels: [],
  },
  started: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the agent was started, in seconds since the Unix epoch.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricLine>>;
