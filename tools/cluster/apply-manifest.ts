import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { berthText } from '../deploy/manifest.ts';
import { IMAGE, type KubeObject, NAME } from '../deploy/values.ts';
import { berthImage } from '../image/berth-image.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Ground } from './ground.ts';

/** What is the controller's. */
const CONTROLLER = 'berth-controller';
/** Its name among the archives that nodes import. */
export const BERTH_ARCHIVE = 'berth.tar';

/** Puts the image of Berth where nodes import images from. */
export function makeBerthImage(folder: string): void {
  writeFileSync(join(folder, BERTH_ARCHIVE), berthImage(IMAGE).archive);
}

/**
 * Installs Berth as users do, where its image is on every node: one manifest, whose configurations get further keys.
 * The nodes turn Ready behind it.
 */
export async function applyManifest(
  { api }: ControlPlane,
  ground: Pick<Ground, 'agent' | 'controller'>,
): Promise<void> {
  for (const document of parseAllDocuments(berthText())) {
    const object = changed(document.toJS() as KubeObject, ground);
    await api.ask('POST', pathOf(object), object);
  }
}

/** What operators change before they apply it: keys of the configurations, and the credentials of the controller. */
function changed(object: KubeObject, { agent, controller }: Pick<Ground, 'agent' | 'controller'>): object & KubeObject {
  const { name } = object.metadata as { readonly name?: string };
  if (object.kind === 'ConfigMap' && name === NAME) return configured(object, 'config.yaml', agent);
  if (controller === undefined) return object;
  if (object.kind === 'ConfigMap' && name === CONTROLLER)
    return configured(object, 'controller.yaml', controller.config);
  return object.kind === 'Deployment' && name === CONTROLLER ? told(object, controller.environment) : object;
}

function configured(object: KubeObject, file: string, config: object): object & KubeObject {
  const { data } = object as KubeObject & { readonly data: Readonly<Record<string, string>> };
  const whole = { ...(parse(data[file] ?? '') as object), ...config };
  return { ...object, data: { [file]: JSON.stringify(whole, null, 2) } }; // JSON is YAML
}

interface Deployment extends KubeObject {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { env: object[] }[] } } };
}

function told(object: KubeObject, environment: Readonly<Record<string, string>>): object & KubeObject {
  const copy = structuredClone(object) as Deployment;
  const more = Object.entries(environment).map(([name, value]) => ({ name, value }));
  for (const container of copy.spec.template.spec.containers) container.env.push(...more);
  return copy;
}

/** Where objects of a kind are made: Kubernetes, "API concepts". */
function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const { namespace } = metadata as { readonly namespace?: string };
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${`${kind.toLowerCase()}s`.replace(/ys$/, 'ies')}`;
}
