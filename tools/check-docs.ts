// Compares what docs/ says with the sources: tables that stand between "<!-- table NAME -->" and "<!-- end -->" are
// those that the code makes, every link to a file leads to one, and every source that is named is there. With --write
// the tables are written anew.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { actionsTable, awsSettingsTable, policyText } from './docs/aws.ts';
import { rowFaults, rowsCount, rowsTable } from './docs/aws-rows.ts';
import { commandsText, exitTable } from './docs/cli.ts';
import { controllerKeysTable, keysTable } from './docs/configuration.ts';
import { emulatorActions, emulatorQuestions } from './docs/emulator.ts';
import { codesTable, refusalsTable } from './docs/errors.ts';
import { executableTable } from './docs/executable.ts';
import { controllerMetricsTable, metricsTable } from './docs/metrics.ts';
import { deadPaths, sourceNames } from './docs/paths.ts';

/** Every table, and the document it stands in. */
const TABLES = [
  { file: 'docs/configuration.md', name: 'keys', text: keysTable },
  { file: 'docs/configuration.md', name: 'controller keys', text: controllerKeysTable },
  { file: 'docs/configuration.md', name: 'executable', text: executableTable },
  { file: 'docs/metrics.md', name: 'metrics', text: metricsTable },
  { file: 'docs/metrics.md', name: 'controller metrics', text: controllerMetricsTable },
  { file: 'docs/errors.md', name: 'codes', text: codesTable },
  { file: 'docs/errors.md', name: 'refusals', text: refusalsTable },
  { file: 'docs/aws.md', name: 'policy', text: () => policyText() },
  { file: 'docs/aws.md', name: 'policy of the controller', text: () => policyText('controller') },
  { file: 'docs/aws.md', name: 'actions', text: actionsTable },
  { file: 'docs/aws.md', name: 'settings', text: awsSettingsTable },
  { file: 'docs/conformance-aws.md', name: 'aws count', text: rowsCount },
  { file: 'docs/conformance-aws.md', name: 'aws rows', text: rowsTable },
  { file: 'docs/emulator.md', name: 'emulator actions', text: emulatorActions },
  { file: 'docs/emulator.md', name: 'emulator questions', text: emulatorQuestions },
  { file: 'docs/cli.md', name: 'exit codes', text: exitTable },
  { file: 'docs/cli.md', name: 'commands', text: commandsText },
] as const;

const write = process.argv.includes('--write');
const names = sourceNames();
const named = (file: string) => deadPaths(file, readFileSync(file, 'utf8'), names);
const faults = [
  ...TABLES.flatMap(judgeTable),
  ...documents().flatMap(deadLinks),
  ...documents().flatMap(named),
  ...rowFaults(),
];
for (const fault of faults) console.log(fault);
console.log(`${TABLES.length} tables, ${documents().length} documents, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

function judgeTable({ file, name, text }: (typeof TABLES)[number]): readonly string[] {
  const before = readFileSync(file, 'utf8');
  const [start, end] = [`<!-- table ${name} -->`, '<!-- end -->'];
  const from = before.indexOf(start) + start.length;
  const to = before.indexOf(end, from);
  if (from < start.length || to < 0 || before.slice(from, to).includes('<!--'))
    return [`${file}: there is no place for the table "${name}"`];
  const after = `${before.slice(0, from)}\n${text()}\n${before.slice(to)}`;
  if (after === before) return [];
  if (write) writeFileSync(file, after);
  return write ? [] : [`${file}: the table "${name}" is not what the code says; node tools/check-docs.ts --write`];
}

/** Every Markdown file of ours. */
function documents(): readonly string[] {
  const inDocs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name));
  const above = readdirSync('.').filter((name) => name.endsWith('.md'));
  return [...above, ...inDocs.filter((name) => name.endsWith('.md'))];
}

function deadLinks(file: string): readonly string[] {
  const links = [...readFileSync(file, 'utf8').matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
  return links
    .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(dirname(file), link)))
    .map((link) => `${file}: links to ${link}, which is not there`);
}
