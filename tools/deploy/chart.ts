import { stringify } from 'yaml';
import { VERSION } from '../../src/base/version.ts';
import { berthObjects } from './objects.ts';
import { DEFAULTS, type KubeObject, type Values } from './values.ts';

/** A file that users apply, and its text. */
export interface MadeFile {
  readonly path: string;
  readonly text: string;
}

/** Where the chart is. */
export const CHART_FOLDER = 'deploy/helm/berth';

/** What stands for a value in the objects until its template takes the place: no YAML has a meaning for it. */
const mark = (name: keyof Values) => `@${name}@`;
const MARKED = Object.fromEntries(
  Object.keys(DEFAULTS).map((name) => [name, mark(name as keyof Values)]),
) as unknown as Values;

/** The Helm chart: the same objects, with the values that users change. */
export function chartFiles(made: string): readonly MadeFile[] {
  const { namespace: _, ...rest } = DEFAULTS;
  const values = stringify({ ...rest, config: {}, controllerConfig: {} }, { aliasDuplicateObjects: false });
  return [
    { path: `${CHART_FOLDER}/Chart.yaml`, text: CHART },
    {
      path: `${CHART_FOLDER}/values.yaml`,
      text: `# ${made} Keys of config and controllerConfig: docs/configuration.md.\n${values}`,
    },
    { path: `${CHART_FOLDER}/templates/berth.yaml`, text: `{{- /* ${made} */}}\n${templates()}` },
  ];
}

/** Values that are texts of YAML, and mappings in values.yaml. */
const FILES: ReadonlySet<keyof Values> = new Set(['config', 'controllerConfig']);

const CHART = `apiVersion: v2
name: berth
description: VPC-native pod networking for Kubernetes
type: application
version: ${VERSION}
appVersion: ${VERSION}
`;

function templates(): string {
  return berthObjects(MARKED).map(kept).map(template).join('');
}

/** With a definition go all objects of the kind, which users wrote: Helm leaves it when it takes the chart away. */
export function kept(object: KubeObject): KubeObject {
  if (object.kind !== 'CustomResourceDefinition') return object;
  return { ...object, metadata: { ...object.metadata, annotations: { 'helm.sh/resource-policy': 'keep' } } };
}

/** A file that says nothing makes no ConfigMap: then it is the user's own. */
function template(object: KubeObject): string {
  const text = `---\n${templated(stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))}`;
  const file = [...FILES].find((name) => JSON.stringify(object).includes(mark(name)));
  if (file !== undefined) return `{{- if .Values.${file} }}\n${text}{{- end }}\n`;
  return object.kind === 'Deployment' ? text.replace(/^ {2}template:\n {4}metadata:\n/m, `$&${CHECKSUM}`) : text;
}

/** The controller reads its file when it starts: another file, another pod. */
const CHECKSUM = `{{- with .Values.controllerConfig }}
      annotations:
        checksum/config: {{ toYaml . | sha256sum }}
{{- end }}
`;

/** Marks become what Helm puts in their place: texts where they stand, objects in lines of their own. */
function templated(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const [, indent = '', key = '', found] = /^( *(?:- )?)([^:]+): "?@(\w+)@"?$/.exec(line) ?? [];
      const name = found as keyof Values | undefined;
      if (name === undefined) return line.replaceAll(mark('namespace'), '{{ .Release.Namespace }}'); // in an expression
      if (name === 'namespace') return `${indent}${key}: {{ .Release.Namespace }}`;
      const inner = indent.length + 2;
      if (FILES.has(name)) return `${indent}${key}: |\n{{ toYaml .Values.${name} | indent ${inner} }}`;
      if (typeof DEFAULTS[name] === 'string') return `${indent}${key}: {{ .Values.${name} | quote }}`;
      return `${indent}${key}:\n{{ toYaml .Values.${name} | indent ${inner} }}`;
    })
    .join('\n');
}
