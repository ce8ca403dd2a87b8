import { spawn } from 'node:child_process';
import { copyFileSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { kubeconfig, tokenOf } from '../cluster/credentials.ts';
import { endOf } from '../cluster/log.ts';
import { imagesOf } from '../cluster/places.ts';
import { IMAGES, KUBE } from '../cluster/shared.ts';
import { gone } from '../demo/processes.ts';
import { type SpecResult, specsOf } from './report.ts';

const [CONFIG, KUBECTL, REPORT] = [
  '/etc/kubernetes/admin.kubeconfig',
  '/usr/local/bin/kubectl',
  'report.json',
] as const;

/** Which specs run. */
export interface Choice {
  readonly focus: string; // regular expressions of Go
  readonly skip: string;
  readonly minutes: number; // for all of them
}

/** Runs the suite beside the control plane. Throws, with the end of what it said, when it makes no report. */
export async function runSuite(
  { control, plane, workers, credentials }: Cluster,
  of: { readonly folder: string; readonly program: string; readonly choice: Choice },
): Promise<readonly SpecResult[]> {
  const { folder, program, choice } = of;
  control.write(CONFIG, kubeconfig(plane.door, tokenOf(credentials, 'admin')), 0o600);
  control.write(KUBECTL, `#!/bin/sh\nexec ${KUBE} kubectl "$@"\n`, 0o755);
  copyFileSync(program, join(imagesOf(folder), 'berth-e2e')); // a folder that nodes see
  const words = [
    '--provider=skeleton', // nobody knows how to make nodes here
    `--kubeconfig=${CONFIG}`,
    `--host=${plane.door.server}`,
    `--kubectl-path=${KUBECTL}`,
    `--num-nodes=${workers.length}`,
    '--node-os-distro=debian',
    '--dump-logs-on-failure=false',
    '--ginkgo.no-color',
    `--ginkgo.timeout=${choice.minutes}m`,
    `--ginkgo.focus=${choice.focus}`,
    `--ginkgo.skip=${choice.skip}`,
    `--ginkgo.json-report=${join(IMAGES, REPORT)}`,
  ];
  const log = join(folder, 'e2e.log');
  const out = openSync(log, 'a');
  const child = spawn(...control.enter(join(IMAGES, 'berth-e2e'), words), { stdio: ['ignore', out, out] });
  await gone(child);
  try {
    return specsOf(JSON.parse(readFileSync(join(imagesOf(folder), REPORT), 'utf8')));
  } catch (cause) {
    throw new Error(`the suite made no report; its log ends so:\n${endOf(log)}`, { cause });
  }
}
