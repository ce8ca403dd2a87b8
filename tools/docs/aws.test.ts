import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configKeys } from '../../src/io/config/keys.ts';
import { METRICS } from '../../src/io/system/metric-table.ts';
import { ACTIONS, ACTIONS_ELSEWHERE, ACTIONS_OF_PODS, actionsAsked, awsSettingsTable, policyText } from './aws.ts';

test('the policy allows exactly the actions that the provider asks', () => {
  expect(Object.keys({ ...ACTIONS, ...ACTIONS_OF_PODS, ...ACTIONS_ELSEWHERE }).toSorted()).toEqual(actionsAsked());
  const { Statement: statements } = JSON.parse(policyText('controller').replaceAll(/^```.*$/gm, '')) as {
    Statement: readonly { Sid: string; Effect: string; Action: readonly string[]; Resource: string }[];
  };
  const allowed = statements.flatMap(({ Action: actions }) => actions);
  expect(allowed.toSorted()).toEqual(actionsAsked().map((action) => `ec2:${action}`));
  expect(statements.every(({ Effect: effect }) => effect === 'Allow')).toBe(true);
});

test('only NICs may be tagged', () => {
  expect(policyText()).toMatch(/"ec2:CreateTags"\s*\],\s*"Resource": "arn:aws:ec2:\*:\*:network-interface\/\*"/);
});

test('a command counts when it is imported from the SDK, its input types and tests do not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-actions-'));
  try {
    writeFileSync(
      join(folder, 'a.ts'),
      "import {\n  RunInstancesCommand,\n  type StopCommandInput,\n} from '@aws-sdk/client-ec2';\nimport { OtherCommand } from './b.ts';\n",
    );
    writeFileSync(join(folder, 'a.test.ts'), "import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';\n");
    expect(actionsAsked(folder)).toEqual(['RunInstances']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('metrics that stand beside those of aws-node are there', () => {
  const text = readFileSync('docs/aws.md', 'utf8');
  const known = new Set<string>(Object.values(METRICS).map(({ name }) => name));
  const named = [...text.matchAll(/\bberth_[a-z_]+[a-z]\b/g)].map(([name]) => name.replace(/_(count|bucket|sum)$/, ''));
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('every key that names a setting of AWS stands in the table', () => {
  const naming = configKeys().filter(({ about }) => about.includes('AWS: '));
  expect(naming.length).toBeGreaterThan(10);
  const table = awsSettingsTable();
  for (const { key } of naming) expect(table).toContain(`| \`${key}\` |`);
  expect(table).toContain('| `WARM_IP_TARGET` | `cloud.warmAddresses` |');
});
