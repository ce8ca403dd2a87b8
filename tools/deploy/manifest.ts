import { stringify } from 'yaml';
import { chartFiles, type MadeFile } from './chart.ts';
import { berthObjects, uninstallObjects } from './objects.ts';
import { DEFAULTS, type KubeObject } from './values.ts';

/** All that is made of objects.ts. */
export function madeFiles(): readonly MadeFile[] {
  return [
    { path: `${FOLDER}/berth.yaml`, text: berthText() },
    { path: `${FOLDER}/uninstall.yaml`, text: uninstallText() },
    { path: `${FOLDER}/kustomization.yaml`, text: KUSTOMIZATION },
    ...chartFiles(MADE),
  ];
}

const FOLDER = 'deploy/kubernetes';

/** All objects of an installation as one text, for `kubectl apply -f`. */
export function berthText(image = DEFAULTS.image): string {
  return textOf('Berth for a cluster whose nodes have PodCIDRs', berthObjects({ ...DEFAULTS, image }));
}

/** What takes away again what is on the nodes. */
export function uninstallText(image = DEFAULTS.image): string {
  return textOf('What takes Berth off the nodes, once berth.yaml is deleted', uninstallObjects({ ...DEFAULTS, image }));
}

function textOf(what: string, objects: readonly KubeObject[]): string {
  const documents = objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `# ${what}. ${MADE}\n${documents.map((text) => `---\n${text}`).join('')}`;
}

const MADE = 'Made by "npm run manifests" from tools/deploy/objects.ts.';

const KUSTOMIZATION = `# A base for kustomize: image, resources and where it runs are changed in an overlay. ${MADE}
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - berth.yaml
`;
