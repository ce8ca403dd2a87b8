import { stringify } from 'yaml';
import { berthObjects, type KubeObject, uninstallObjects } from './objects.ts';

/** What is made from objects.ts: a file that users apply, and its text. */
export interface MadeFile {
  readonly path: string;
  readonly text: string;
}

/** All of deploy/kubernetes; with the name of another image than that of this version. */
export function madeFiles(image?: string): readonly MadeFile[] {
  return [
    { path: `${FOLDER}/berth.yaml`, text: berthText(image) },
    {
      path: `${FOLDER}/uninstall.yaml`,
      text: textOf('What takes Berth off the nodes, once berth.yaml is deleted', uninstallObjects(image)),
    },
    { path: `${FOLDER}/kustomization.yaml`, text: KUSTOMIZATION },
  ];
}

const FOLDER = 'deploy/kubernetes';

/** All objects of an installation as one text, for `kubectl apply -f`. */
export function berthText(image?: string): string {
  return textOf('Berth for a cluster whose nodes have PodCIDRs', berthObjects(image));
}

function textOf(what: string, objects: readonly KubeObject[]): string {
  const documents = objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `# ${what}. ${MADE}\n${documents.map((text) => `---\n${text}`).join('')}`;
}

const MADE = 'Made by "npm run manifests" from tools/deploy/objects.ts.';

const KUSTOMIZATION = `# A base for kustomize: image, configuration and labels are changed in an overlay. ${MADE}
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - berth.yaml
`;
