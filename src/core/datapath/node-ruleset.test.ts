import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nodeRuleset, type RulesetOptions } from './node-ruleset.ts';
import { rulesetText } from './ruleset-text.ts';

const routed: RulesetOptions = {
  mode: 'routed',
  bridge: 'berth0',
  masquerade: { enabled: true, ports: 'kept' },
  checkSources: true,
};
const bridge: RulesetOptions = {
  ...routed,
  mode: 'bridge',
  masquerade: { enabled: true, ports: 'random' },
};
const onNics: RulesetOptions = {
  ...routed,
  masquerade: { ...routed.masquerade, families: ['v4'] },
  nicMarks: [0x800, 1, 2],
};

test.each([
  ['routed', routed],
  ['bridge', bridge],
  ['nics', onNics],
  ['plain', { ...routed, masquerade: { enabled: false, ports: 'kept' }, checkSources: false }],
] as const)('the skeleton of a %s node reads as reviewed; UPDATE=1 writes it', (name, options) => {
  const file = new URL(`testdata/node-ruleset.${name}.nft`, import.meta.url);
  const text = rulesetText(nodeRuleset(options));
  if (process.env['UPDATE'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
});

test('the same options give the same tag, and what changes a rule changes the tag', () => {
  expect(nodeRuleset({ ...routed }).tag).toBe(nodeRuleset(routed).tag);
  const others: RulesetOptions[] = [
    bridge,
    { ...routed, checkSources: false },
    { ...routed, masquerade: { enabled: true, ports: 'random' } },
    { ...routed, masquerade: { enabled: true, ports: 'hashed' } },
    { ...routed, masquerade: { enabled: false, ports: 'kept' } },
  ];
  expect(new Set([routed, ...others].map((options) => nodeRuleset(options).tag)).size).toBe(6);
});

test('the sets are the same whatever the options, so that no change of configuration loses elements', () => {
  expect(nodeRuleset(bridge).sets).toEqual(nodeRuleset(routed).sets);
});

test('every set that a rule names exists, and every chain that a rule jumps to', () => {
  for (const { sets, chains } of [nodeRuleset(routed), nodeRuleset(bridge)]) {
    const statements = chains.flatMap(({ rules }) => rules.flatMap((rule) => rule.statements));
    const names = statements.flatMap((it) => (it.is === 'in' ? [it.set] : it.is === 'dnat-map' ? [it.map] : []));
    expect(sets.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    const jumps = statements.flatMap((it) => (it.is === 'jump' ? [it.chain] : []));
    expect(chains.map(({ name }) => name)).toEqual(expect.arrayContaining(jumps));
  }
});
