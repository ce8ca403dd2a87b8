import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { berthText } from '../deploy/manifest.ts';
import { IMAGE, type KubeObject, NAME } from '../deploy/values.ts';
import { berthImage } from '../image/berth-image.ts';
import type { ControlPlane } from './control-plane.ts';

/** Its name among the archives that nodes import. */
export const BERTH_ARCHIVE = 'berth.tar';

/** Puts the image of Berth where nodes import images from. */
export function makeBerthImage(folder: string): void {
  writeFileSync(join(folder, BERTH_ARCHIVE), berthImage(IMAGE).archive);
}

/**
 * Installs Berth as users do, where its image is on every node: one manifest, whose configuration gets further keys.
 * The nodes turn Ready behind it.
 */
export async function applyManifest({ api }: ControlPlane, config: object): Promise<void> {
  for (const document of parseAllDocuments(berthText())) {
    const object = configured(document.toJS() as KubeObject, config);
    await api.ask('POST', pathOf(object), object);
  }
}

/** What operators do to the agents' ConfigMap before they apply it: keys of their own. */
function configured(object: KubeObject, config: object): object & KubeObject {
  if (object.kind !== 'ConfigMap' || (object.metadata as { readonly name?: string }).name !== NAME) return object;
  const { data } = object as KubeObject & { readonly data: { readonly 'config.yaml': string } };
  const whole = { ...(parse(data['config.yaml']) as object), ...config };
  return { ...object, data: { 'config.yaml': JSON.stringify(whole, null, 2) } }; // JSON is YAML
}

/** Where objects of a kind are made: Kubernetes, "API concepts". */
function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const { namespace } = metadata as { readonly namespace?: string };
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${`${kind.toLowerCase()}s`.replace(/ys$/, 'ies')}`;
}
