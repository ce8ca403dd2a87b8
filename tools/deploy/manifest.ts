import { stringify } from 'yaml';
import { berthObjects } from './objects.ts';

/** What users apply. */
export const MANIFEST = 'deploy/kubernetes/berth.yaml';

const HEAD =
  '# Berth for a cluster whose nodes have PodCIDRs. Made by "npm run manifests" from tools/deploy/objects.ts.\n';

/** All objects as one text, for `kubectl apply -f`. */
export function manifestText(image?: string): string {
  const documents = berthObjects(image).map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return HEAD + documents.map((text) => `---\n${text}`).join('');
}
