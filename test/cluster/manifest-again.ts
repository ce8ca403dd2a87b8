import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { StandingCluster } from './standing.ts';

const MANIFEST = 'deploy/kubernetes/berth.yaml';

interface ManifestObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The manifest once more: for a cluster that it is installed in, with a configuration of its user's. */
export function manifestTests(cluster: () => StandingCluster): void {
  const kubectl = (line: string) => cluster().kubectl(line.split(' '));

  test('the manifest that is applied anew, as for an upgrade, changes no object and takes no setting back', () => {
    const columns = 'custom-columns=KIND:.kind,NAME:.metadata.name,GENERATION:.metadata.generation';
    const generations = () => kubectl(`get -f ${MANIFEST} -o ${columns}`);
    const settings = () => kubectl('-n kube-system get configmap berth -o jsonpath={.data}');
    const before = { objects: generations(), settings: settings() };
    expect(before.settings).toContain('config.yaml');
    kubectl(`apply -f ${MANIFEST}`);
    expect({ objects: generations(), settings: settings() }).toEqual(before);
  });

  test('a base for kustomize is the manifest', () => {
    const objects = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as ManifestObject);
    const wanted = objects(readFileSync(MANIFEST, 'utf8'));
    const built = objects(kubectl('kustomize deploy/kubernetes'));
    const inOrder = wanted.map(({ kind, metadata: { name } }) =>
      built.find((it) => it.kind === kind && it.metadata.name === name),
    );
    expect(inOrder).toEqual(wanted);
    expect(built).toHaveLength(wanted.length);
  });
}
