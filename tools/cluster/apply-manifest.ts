import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
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

/**
 * Installs Berth as users do: the image on every node, and one manifest, whose configuration gets further keys. The nodes
 * turn Ready behind it.
 */
export async function applyManifest(
  { api }: ControlPlane,
  workers: readonly { node: ClusterNode }[],
  config: object,
): Promise<void> {
  await Promise.all(
    workers.map(({ node }) => node.finish('ctr', '-n', 'k8s.io', 'images', 'import', `${IMAGES}/${ARCHIVE}`)),
  );
  for (const document of parseAllDocuments(manifestText())) {
    const object = configured(document.toJS() as KubeObject, config);
    await api.ask('POST', pathOf(object), object);
  }
}

/** What operators do to the ConfigMap before they apply it: keys of their own. */
function configured(object: KubeObject, config: object): object & KubeObject {
  if (object.kind !== 'ConfigMap') return object;
  const { data } = object as KubeObject & { readonly data: { readonly 'config.yaml': string } };
  const whole = { ...(parse(data['config.yaml']) as object), ...config };
  return { ...object, data: { 'config.yaml': JSON.stringify(whole, null, 2) } }; // JSON is YAML
}

/** Where objects of a kind are made: Kubernetes, "API concepts". */
function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const { namespace } = metadata as { readonly namespace?: string };
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.toLowerCase()}s`;
}
