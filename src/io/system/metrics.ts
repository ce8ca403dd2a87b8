import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Family } from '../../base/ip.ts';
import { METRICS, type MetricLine } from './metric-table.ts';
import { named, processNumbers } from './process-metrics.ts';

export type CallResult = 'ok' | 'refused' | 'failed';
export type AddressState = 'usable' | 'claimed' | 'cooling' | 'free';

/** Numbers of a cloud, by state and by kind; what is not there is 0. */
export interface CloudSample {
  readonly addresses: readonly {
    readonly family: Family;
    readonly states: Readonly<Record<'held' | 'free' | 'claimed' | 'cooling' | 'coming', number>>;
  }[];
  readonly nics: Readonly<Record<string, number>>; //     by state
  readonly intents: Readonly<Record<string, number>>; //  by kind
  readonly troubles: Readonly<Record<string, number>>; // by kind
}

/**
 * What is true now, asked for when somebody scrapes. Counts beyond 2^53 lose their last digits, as all in Prometheus.
 */
export interface MetricsSample {
  readonly addresses: readonly {
    readonly family: Family;
    readonly states: Readonly<Record<AddressState, number | bigint>>;
    readonly waiting: number;
  }[];
  readonly attachments: number;
  readonly spooled: number;
  readonly degraded: boolean;
  readonly cloud?: CloudSample; // absent where the node has none
  readonly cluster?: { readonly heard: boolean; readonly nodes: number }; // absent where it is of none
}

/** What the agent counts, in seconds and in numbers. Names: metric-table.ts. */
export interface Metrics {
  /** One CNI call has ended: seconds by stage, "total" among them. */
  call(verb: string, result: CallResult, stages: Readonly<Record<string, number>>): void;
  refused(why: string): void;
  repaired(owner: 'node' | 'pod' | 'installation', items: number): void;
  journalSeconds(seconds: number): void;
  kernelError(errno: string): void;
  /** Somebody took so many away from this node, in the cloud. */
  taken(what: 'nic' | 'address', count: number): void;
  /** One call of the cloud has ended. */
  cloudCall(action: string, outcome: string, seconds: number): void;
  /** One call of the API server has ended. */
  apiCall(verb: string, resource: string, outcome: string): void;
  /** A watch of the API server told something. */
  apiEvent(resource: string): void;
  /** All of it in Prometheus' text format 0.0.4, with the sample as it is now. */
  text(sample: MetricsSample): Promise<string>;
  readonly contentType: string;
}

/** Counts from zero: a registry of its own, nothing shared between two calls. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const histogram = (line: MetricLine) =>
    new Histogram({ ...named(line, registry), buckets: [...(line.buckets ?? [])] });
  const counter = (line: MetricLine) => new Counter(named(line, registry));
  const gauge = (line: MetricLine) => new Gauge(named(line, registry));

  const callSeconds = histogram(METRICS.callSeconds);
  const refusals = counter(METRICS.refusals);
  const repairs = counter(METRICS.repairs);
  const journal = histogram(METRICS.journalSeconds);
  const kernelErrors = counter(METRICS.kernelErrors);
  const taken = counter(METRICS.taken);
  const cloudSeconds = histogram(METRICS.cloudSeconds);
  const setCloud = cloudGauges(gauge);
  const apiCalls = counter(METRICS.apiCalls);
  const apiEvents = counter(METRICS.apiEvents);
  const setCluster = clusterGauges(gauge);
  const addresses = gauge(METRICS.addresses);
  const waiting = gauge(METRICS.waiting);
  const attachments = gauge(METRICS.attachments);
  const spooled = gauge(METRICS.spooled);
  const degraded = gauge(METRICS.degraded);
  gauge(METRICS.build).set({ version, node_version: process.versions.node }, 1);
  const ownNumbers = processNumbers(counter(METRICS.cpu), {
    memory: gauge(METRICS.memory),
    descriptors: gauge(METRICS.descriptors),
    started: gauge(METRICS.started),
  });

  return {
    call: (verb, result, stages) => {
      for (const [stage, seconds] of Object.entries(stages)) callSeconds.observe({ verb, stage, result }, seconds);
    },
    refused: (why) => refusals.inc({ why }),
    repaired: (owner, items) => repairs.inc({ owner }, items),
    journalSeconds: (seconds) => journal.observe(seconds),
    kernelError: (errno) => kernelErrors.inc({ errno }),
    taken: (what, count) => taken.inc({ what }, count),
    cloudCall: (action, outcome, seconds) => cloudSeconds.observe({ action, outcome }, seconds),
    apiCall: (verb, resource, outcome) => apiCalls.inc({ verb, resource, outcome }),
    apiEvent: (resource) => apiEvents.inc({ resource }),
    text: (sample) => {
      for (const { family, states, waiting: adds } of sample.addresses) {
        for (const [state, count] of Object.entries(states)) addresses.set({ family, state }, Number(count));
        waiting.set({ family }, adds);
      }
      attachments.set(sample.attachments);
      spooled.set(sample.spooled);
      degraded.set(sample.degraded ? 1 : 0);
      if (sample.cloud !== undefined) setCloud(sample.cloud);
      if (sample.cluster !== undefined) setCluster(sample.cluster);
      ownNumbers();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Sets what a cloud's sample says. */
function cloudGauges(gauge: (line: MetricLine) => Gauge): (cloud: CloudSample) => void {
  const addresses = gauge(METRICS.poolAddresses);
  const nics = gauge(METRICS.nics);
  const intents = gauge(METRICS.intents);
  const troubles = gauge(METRICS.troubles);
  return (cloud) => {
    for (const { family, states } of cloud.addresses)
      for (const [state, count] of Object.entries(states)) addresses.set({ family, state }, count);
    for (const [state, count] of Object.entries(cloud.nics)) nics.set({ state }, count);
    for (const [kind, count] of Object.entries(cloud.intents)) intents.set({ kind }, count);
    for (const [kind, count] of Object.entries(cloud.troubles)) troubles.set({ kind }, count);
  };
}

/** Sets what a cluster's sample says. */
function clusterGauges(gauge: (line: MetricLine) => Gauge): (cluster: NonNullable<MetricsSample['cluster']>) => void {
  const unheard = gauge(METRICS.apiUnheard);
  const nodes = gauge(METRICS.clusterNodes);
  return (cluster) => {
    unheard.set(cluster.heard ? 0 : 1);
    nodes.set(cluster.nodes);
  };
}
