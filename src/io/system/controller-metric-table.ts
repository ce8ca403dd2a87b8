import { METRICS, type MetricLine } from './metric-table.ts';

/** Seconds of one reconcile: a decision takes less than a millisecond, a call of a cloud a second. */
const RECONCILE_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60] as const;

/** Seconds of one answer: at the latest after five it is that the controller is at it. */
const QUESTION_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 6] as const;

/** Every metric of the controller. No label holds an object's name: their number has no bound. */
export const CONTROLLER_METRICS = {
  leading: {
    name: 'berth_controller_leading',
    type: 'gauge',
    help: '1 while this replica is the one that works, else 0.',
    labels: [],
  },
  queue: {
    name: 'berth_controller_queue',
    type: 'gauge',
    help: 'Keys of objects that wait for their reconciler, those that rest after a failure included.',
    labels: ['reconciler'],
  },
  reconcileSeconds: {
    name: 'berth_controller_reconcile_duration_seconds',
    type: 'histogram',
    help: 'Time of one reconcile of one object.',
    labels: ['reconciler', 'outcome'],
    buckets: RECONCILE_BUCKETS,
  },
  objects: {
    name: 'berth_controller_objects',
    type: 'gauge',
    help: 'Objects of which the controller keeps a copy.',
    labels: ['resource'],
  },
  unheard: {
    name: 'berth_controller_unheard',
    type: 'gauge',
    help: '1 for each resource whose changes are not heard now, else 0.',
    labels: ['resource'],
  },
  callsWaiting: {
    name: 'berth_controller_cloud_calls_waiting',
    type: 'gauge',
    help: 'Calls of the cloud that wait for their turn in the budget of all nodes.',
    labels: ['action'],
  },
  apiCalls: METRICS.apiCalls,
  apiEvents: METRICS.apiEvents,
  questionSeconds: {
    name: 'berth_controller_question_duration_seconds',
    type: 'histogram',
    help: 'Time of one answer to an agent that has the cloud asked, by what it wished for and what came of it.',
    labels: ['wish', 'outcome'],
    buckets: QUESTION_BUCKETS,
  },
  cloudSeconds: METRICS.cloudSeconds,
  build: METRICS.build,
  cpu: METRICS.cpu,
  memory: METRICS.memory,
  descriptors: METRICS.descriptors,
  started: METRICS.started,
} as const satisfies Readonly<Record<string, MetricLine>>;
