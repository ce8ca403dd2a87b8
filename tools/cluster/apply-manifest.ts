import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { manifestText } from '../deploy/manifest.ts';
import { IMAGE, type KubeObject } from '../deploy/objects.ts';
import { berthImage } from '../image/berth-image.ts';
import type { ControlPlane } from './control-plane.ts';
import type { ClusterNode } from './node/node.ts';
import { IMAGES } from './shared.ts';

const ARCHIVE = 'berth.tar';

/** Puts the image of Berth where nodes import images from. */
export function makeBerthImage(folder: string): void {
  writeFileSync(join(folder, ARCHIVE), berthImage(IMAGE).archive);
}

/** Installs Berth as users do: the image on every node, and one manifest. The nodes turn Ready behind it. */
export async function applyManifest({ api }: ControlPlane, workers: readonly { node: ClusterNode }[]): Promise<void> {
  await Promise.all(
    workers.map(({ node }) => node.finish('ctr', '-n', 'k8s.io', 'images', 'import', `${IMAGES}/${ARCHIVE}`)),
  );
  for (const document of parseAllDocuments(manifestText())) {
    const object = document.toJS() as KubeObject;
    await api.ask('POST', pathOf(object), object);
  }
}

/** Where objects of a kind are made: Kubernetes, "API concepts". */
function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const { namespace } = metadata as { readonly namespace?: string };
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.toLowerCase()}s`;
}
