import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { berthObjects } from '../deploy/objects.ts';
import { IMAGE, type KubeObject, NAME } from '../deploy/values.ts';
import { berthImage } from '../image/berth-image.ts';
import type { Ground } from './ground.ts';
import type { Kubectl } from './kubectl.ts';

/** What is the controller's. */
const CONTROLLER = 'berth-controller';
/** Its name among the archives that nodes import. */
export const BERTH_ARCHIVE = 'berth.tar';

/** Puts the image of Berth where nodes import images from. */
export function makeBerthImage(folder: string): void {
  writeFileSync(join(folder, BERTH_ARCHIVE), berthImage(IMAGE).archive);
}

/**
 * Installs Berth as users do, where its image is on every node: configurations of one's own where the default will not
 * do, and one manifest. The nodes turn Ready behind it.
 */
export async function applyManifest(
  kubectl: Kubectl,
  { agent, controller }: Pick<Ground, 'agent' | 'controller'>,
): Promise<void> {
  await configure(kubectl, NAME, { file: 'config.yaml', config: agent });
  if (controller === undefined) {
    await kubectl(['apply', '-f', resolve('deploy/kubernetes/berth.yaml')]);
    return;
  }
  await configure(kubectl, CONTROLLER, { file: 'controller.yaml', config: controller.config });
  const items = berthObjects().map((object) => told(object, controller.environment));
  await kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
}

async function configure(
  kubectl: Kubectl,
  name: string,
  { file, config }: { readonly file: string; readonly config: object },
): Promise<void> {
  if (Object.keys(config).length === 0) return;
  const said = `--from-literal=${file}=${JSON.stringify(config)}`; // JSON is YAML
  await kubectl(['-n', 'kube-system', 'create', 'configmap', name, said]);
}

interface Deployment extends KubeObject {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { env: object[] }[] } } };
}

/** The controller's Deployment with credentials, as variables; any other object as it is. */
function told(object: KubeObject, environment: Readonly<Record<string, string>>): KubeObject {
  if (object.kind !== 'Deployment') return object;
  const copy = structuredClone(object) as Deployment;
  const more = Object.entries(environment).map(([name, value]) => ({ name, value }));
  for (const container of copy.spec.template.spec.containers) container.env.push(...more);
  return copy;
}
