import { stringify } from 'yaml';
import { VERSION } from '../../src/base/version.ts';
import { berthObjects } from './objects.ts';
import { DEFAULTS, type Values } from './values.ts';

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
const FILES: ReadonlySet<string> = new Set<keyof Values>(['config', 'controllerConfig']);

const CHART = `apiVersion: v2
name: berth
description: VPC-native pod networking for Kubernetes
type: application
version: ${VERSION}
appVersion: ${VERSION}
`;

function templates(): string {
  return berthObjects(MARKED)
    .map((object) => `---\n${templated(stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))}`)
    .join('');
}

/** Marks become what Helm puts in their place: texts where they stand, objects in lines of their own. */
function templated(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const [, indent = '', key = '', name] = /^( *(?:- )?)([^:]+): "?@(\w+)@"?$/.exec(line) ?? [];
      if (name === undefined) return line.replaceAll(mark('namespace'), '{{ .Release.Namespace }}'); // in an expression
      if (name === 'namespace') return `${indent}${key}: {{ .Release.Namespace }}`;
      const inner = indent.length + 2;
      if (FILES.has(name)) return `${indent}${key}: |\n{{ toYaml .Values.${name} | indent ${inner} }}`;
      if (typeof DEFAULTS[name as keyof Values] === 'string') return `${indent}${key}: {{ .Values.${name} | quote }}`;
      return `${indent}${key}:\n{{ toYaml .Values.${name} | indent ${inner} }}`;
    })
    .join('\n');
}
