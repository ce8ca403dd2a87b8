import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { needsRestart } from './changes.ts';
import { ENVIRONMENT } from './environment.ts';
import { configKeys } from './keys.ts';
import { parseConfig } from './load.ts';

test('every key says what it is for, in a sentence', () => {
  for (const { key, about } of configKeys()) expect(`${key}: ${about}`).toMatch(/^[\w.[\]]+: .+\.$/);
});

test('every variable of the environment overrides a key that exists', () => {
  const keys = configKeys().map(({ key }) => key);
  expect(ENVIRONMENT.filter(({ key }) => !keys.includes(key))).toEqual([]);
});

test('a change tells which of its keys wait for the next start', () => {
  const config = (text: string) => parseConfig(text).config;
  const before = config('network: {ranges: [10.1.0.0/24]}');
  expect(needsRestart(before, config('network: {ranges: [10.2.0.0/24], mtu: 1400}\nlog: {level: debug}'))).toEqual([]);
  expect(
    needsRestart(before, config('network: {mode: bridge}\npaths: {socket: /run/x}\nhttp: {listen: "localhost:1"}')),
  ).toEqual(['network.mode', 'paths.socket', 'http.listen']);
});

test('the example that is installed is a configuration, and says nothing but defaults', () => {
  const { config } = parseConfig(readFileSync('deploy/config.yaml', 'utf8'));
  expect(config).toEqual(parseConfig('').config);
});

test('the example of the documentation is a configuration', () => {
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/configuration.md', 'utf8')) ?? [];
  const { config, doubts } = parseConfig(text);
  expect(config.network.peers).toHaveLength(2);
  expect(doubts).toEqual([]);
});
