import { configDefaults, defineConfig } from 'vitest/config';

/** Rooms that compile without Node's types: they keep no state, so that their tests can share a process. */
const SEALED = ['src/base', 'src/core', 'src/wire', 'emulator/cloud'].map((room) => `${room}/**/*.test.ts`);
/** What makes whole programs run, again and again: left to CI. */
const PROGRAMS = ['test/**/*.test.ts', 'tools/bench-aws/**/*.test.ts', 'tools/{bundle,check-docs}.test.ts'];
/** They compute, at the lowest priority beside all others (tools/ci/steps.ts): a clock would say nothing of them. */
const SIMULATOR = ['sim/**/*.test.ts'];
const COMPUTING_MS = 40 * 60_000;
/** How soon a cluster stands, and what an agent bears: nobody else shall use the machine meanwhile. */
const ALONE = ['test/cluster/cluster.test.ts', 'test/agent/probes.test.ts'];
const ALL = ['src', 'emulator', 'tools'].map((room) => `${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks', // namespaces and working directories belong to processes
    projects: [
      { extends: true, test: { name: 'sealed', include: SEALED, isolate: false } },
      {
        extends: true,
        test: { name: 'open', include: ALL, exclude: [...configDefaults.exclude, ...SEALED, ...PROGRAMS] },
      },
      {
        extends: true,
        test: { name: 'programs', include: PROGRAMS, exclude: [...configDefaults.exclude, ...ALONE] },
      },
      { extends: true, test: { name: 'simulator', include: SIMULATOR, testTimeout: COMPUTING_MS } },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
