import { availableParallelism } from 'node:os';

/** A line of STEPS: vitest's arguments, counted by its report, or a program (count.ts). */
export interface Step {
  readonly name: string;
  readonly minutes: number; // it is ended when it takes longer
  readonly tests?: readonly string[]; // vitest's arguments
  readonly command?: readonly string[]; // or a program
  readonly env?: Readonly<Record<string, string>>;
  readonly beside?: boolean; // it computes, and looks at no clock: at the lowest priority, beside the others
  readonly alone?: boolean; //  it looks at the clock: when all others have ended
}

const THOROUGH = { BERTH_THOROUGH: '1' }; // tests of laws play all their seeds (ci/thorough.ts)
/** Some tests wait, for a second or more. */
const WORKERS = `--maxWorkers=${availableParallelism() + 1}`;
const TWO = '--maxWorkers=2'; // of what waits as much as it computes
const ONE_BY_ONE = '--no-file-parallelism'; // what measures time, or makes whole nodes, has the machine for itself

/** Begun first, and at the lowest priority: a quarter of an hour where it is not on the shelf, from an earlier run. */
export const BUILD = ['node', 'tools/e2e.ts', '--build'] as const;
export const BUILD_MINUTES = 45;

/** What waits for the others may take long. */
const BESIDE = { beside: true, minutes: 40 } as const;

/** A few of Kubernetes' own tests, one of each kind; "npm run e2e" runs all of them. */
const SPECS =
  'intra-pod communication: http|DNS should provide DNS for services|HostPort validates|should serve a basic endpoint from';

export const STEPS: readonly Step[] = [
  { name: 'compile, lint, form, layers, docs', minutes: 5, command: ['node', 'tools/check.ts', '--without-tests'] },
  { name: 'unit tests', minutes: 10, env: THOROUGH, tests: ['src', 'tools', WORKERS] },
  { name: 'the CNI executable', minutes: 5, tests: ['test/shim'] },
  { name: 'the simulator', ...BESIDE, command: ['node', 'tools/sim.ts', '--crashes', '100000'] },
  {
    name: 'the simulator: nodes in a cloud',
    ...BESIDE,
    command: ['node', 'tools/sim.ts', '--cloud', '--crashes', '16000'],
  },
  {
    name: 'the simulator: a cluster',
    ...BESIDE,
    command: ['node', 'tools/sim.ts', '--cluster', '--seeds', '1..22'],
  },
  { name: 'bugs planted in the simulator', ...BESIDE, tests: ['sim/', TWO] },
  { name: 'both architectures', minutes: 6, command: ['node', 'tools/build.ts', '--arm64'] },
  {
    name: 'the CNI executable on arm64',
    minutes: 5,
    tests: ['test/shim'],
    env: { BERTH_TEST_MACHINE: 'arm64' },
  },
  { name: 'the image, and that for arm64', minutes: 5, tests: ['test/image'] },
  { name: 'the kernel', minutes: 15, tests: ['test/kernel', ONE_BY_ONE] },
  { name: 'the emulator', minutes: 15, tests: ['emulator', WORKERS] },
  { name: 'a real cloud', minutes: 40, tests: ['test/cloud'] }, // skipped unless somebody lends one
  { name: 'the agent', minutes: 10, tests: ['test/agent', '--project=!alone', TWO] },
  { name: 'the agent on a busy machine', alone: true, minutes: 5, tests: ['test/agent', '--project=alone'] },
  { name: 'conformance', minutes: 12, tests: ['test/conformance', ONE_BY_ONE] },
  { name: 'the tour', minutes: 5, command: ['node', 'tools/demo.ts', '--once'] },
  { name: 'the tour of podcidr', minutes: 5, command: ['node', 'tools/demo.ts', '--once', '--provider', 'podcidr'] },
  { name: 'the tours, parts of them killed', minutes: 8, tests: ['test/tour', ONE_BY_ONE] },
  { name: 'container runtimes', minutes: 15, tests: ['test/runtime', TWO] },
  { name: 'Kubernetes is built', minutes: BUILD_MINUTES, command: BUILD }, // the rest of it
  { name: 'the Helm chart', minutes: 16, command: ['node', 'tools/helm.ts'] },
  { name: 'a cluster', alone: true, minutes: 15, tests: ['test/cluster', '--project=alone'] },
  { name: 'clusters at work', minutes: 15, tests: ['test/cluster', '--project=!alone', TWO] },
  { name: 'specs of Kubernetes', minutes: 8, command: ['node', 'tools/e2e.ts', '--at-once', '1', '--focus', SPECS] },
  {
    name: 'a cluster, parts of it killed',
    minutes: 6,
    command: ['node', 'tools/torture-cluster.ts', '--broker', '--pods', '12', '--kills', '6'],
  },
  { name: 'torture', minutes: 8, command: ['node', 'tools/torture.ts', '--kills', '200'] },
];
