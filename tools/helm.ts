// npm run helm: Helm's own word about the chart: its lint, and that its objects with the default values are those of
// deploy/kubernetes/berth.yaml, with definitions that Helm keeps. Helm is built once from its Go modules, which takes
// some minutes.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { CHART_FOLDER, kept } from './deploy/chart.ts';
import { berthObjects } from './deploy/objects.ts';
import { DEFAULTS, type KubeObject } from './deploy/values.ts';
import { installByGo } from './go-install.ts';
import { HELM_VERSION, helmFolder } from './helm-folder.ts';

const directory = helmFolder();
if (!existsSync(directory)) installByGo(directory, [[`helm.sh/helm/v3/cmd/helm@${HELM_VERSION}`]]);
const helm = (...words: readonly string[]) => execFileSync(join(directory, 'helm'), words, { encoding: 'utf8' });

console.log(helm('lint', '--strict', CHART_FOLDER));
const made = objectsOf(helm('template', 'berth', CHART_FOLDER, '--namespace', DEFAULTS.namespace));
const wanted = berthObjects().map(kept).map(comparable);
const missing = wanted.filter((one) => !made.some((other) => isDeepStrictEqual(one, other)));
if (made.length !== wanted.length || missing.length > 0)
  throw new Error(`the chart makes other objects than the manifest has:\n${JSON.stringify(missing, null, 2)}`);
const changed = objectsOf(
  helm(
    ...['template', CHART_FOLDER, '--set', 'image=other:2', '--set', 'config.log.level=debug'],
    ...['--set', 'controllerConfig.log.level=warn'],
  ),
);
for (const text of ['"other:2"', 'level: debug', 'level: warn', '"checksum/config"'])
  if (!JSON.stringify(changed).includes(text)) throw new Error(`the chart does not take ${text} on`);
const files = changed.length - made.length;
if (files !== 2) throw new Error(`the chart makes ${files} ConfigMaps of two files`);
console.log(`${made.length} objects, as in the manifest`);

/** Helm sorts what it makes by kind. */
function objectsOf(text: string): readonly unknown[] {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
  return objects.map(comparable);
}

function comparable(object: KubeObject): unknown {
  return JSON.parse(JSON.stringify(object));
}
