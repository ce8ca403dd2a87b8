import { spawn } from 'node:child_process';
import { copyFileSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { kubeconfig, tokenOf } from '../cluster/credentials.ts';
import { endOf } from '../cluster/log.ts';
import { imagesOf } from '../cluster/places.ts';
import { IMAGES, KUBE } from '../cluster/shared.ts';
import { gone } from '../demo/processes.ts';
import { shares } from './shares.ts';
import { type SpecResult, specsOf } from './report.ts';

const [CONFIG, KUBECTL, SUITE] = [
  '/etc/kubernetes/admin.kubeconfig',
  '/usr/local/bin/kubectl',
  'berth-e2e', // in a folder that nodes see
] as const;

/** Which specs run. */
export interface Choice {
  readonly focus: string; // regular expressions of Go
  readonly skip: string;
  readonly minutes: number; // for all of them
  readonly atOnce: number; //  so many run at the same time; those that want a cluster for themselves want 1
}

/** Runs the suite beside the control plane. Throws, with the end of what it said, when it makes no report. */
export async function runSuite(
  cluster: Cluster,
  of: { readonly folder: string; readonly program: string; readonly choice: Choice },
): Promise<readonly SpecResult[]> {
  const { folder, program, choice } = of;
  const { control, plane, credentials } = cluster;
  control.write(CONFIG, kubeconfig(plane.door, tokenOf(credentials, 'admin')), 0o600);
  control.write(KUBECTL, `#!/bin/sh\nexec ${KUBE} kubectl "$@"\n`, 0o755);
  copyFileSync(program, join(imagesOf(folder), SUITE));
  const filters = [`--ginkgo.focus=${choice.focus}`, `--ginkgo.skip=${choice.skip}`];
  const run = (name: string, words: readonly string[]) =>
    runPart(cluster, { folder, name, words: [`--ginkgo.timeout=${choice.minutes}m`, ...words] });
  if (choice.atOnce === 1) return run('e2e', filters);
  const chosen = await run('e2e-choice', [...filters, '--ginkgo.dry-run']);
  const parts = shares(
    chosen.map(({ name }) => name),
    choice.atOnce,
  );
  const results = await Promise.all(parts.map((focus, i) => run(`e2e-${i + 1}`, [`--ginkgo.focus=${focus}`])));
  return results.flat();
}

/** One process of the suite, and what it reports. */
async function runPart(
  { control, plane, workers }: Cluster,
  of: { readonly folder: string; readonly name: string; readonly words: readonly string[] },
): Promise<readonly SpecResult[]> {
  const { folder, name } = of;
  const words = [
    '--provider=skeleton', // nobody knows how to make nodes here
    `--kubeconfig=${CONFIG}`,
    `--host=${plane.door.server}`,
    `--kubectl-path=${KUBECTL}`,
    `--num-nodes=${workers.length}`,
    '--node-os-distro=debian',
    '--dump-logs-on-failure=false',
    '--ginkgo.no-color',
    `--ginkgo.json-report=${join(IMAGES, `${name}.json`)}`,
    ...of.words,
  ];
  const log = join(folder, `${name}.log`);
  const out = openSync(log, 'a');
  const child = spawn(...control.enter(join(IMAGES, SUITE), words), { stdio: ['ignore', out, out] });
  await gone(child);
  try {
    return specsOf(JSON.parse(readFileSync(join(imagesOf(folder), `${name}.json`), 'utf8')));
  } catch (cause) {
    throw new Error(`the suite made no report; its log ends so:\n${endOf(log)}`, { cause });
  }
}
