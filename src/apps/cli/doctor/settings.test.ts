import { expect, test } from 'vitest';
import { configFile } from '../../../io/config/agent-file.ts';
import { parseConfig } from '../../../io/config/load.ts';
import { checkSettings } from './settings.ts';
import type { NodeView } from './view.ts';

const FILE = '/etc/berth/config.yaml';

/** What is said of a file that is there or not, and of an agent that runs with another. */
function troubles(text: string | undefined, there = false): readonly string[] {
  const running = text === undefined ? undefined : configFile(parseConfig(text).config);
  const view = { config: parseConfig('').config, settings: { file: FILE, there, running } };
  return checkSettings(view as NodeView).map(({ state, check, says }) => `${state} ${check}: ${says}`);
}

test('a file that was taken away from a running agent is told of, when its next start would be another', () => {
  expect(troubles('provider: aws\npool: { cooldown: 7s }')).toEqual([
    `warning config: the agent goes on with a ${FILE} that is gone: without it its next start has another provider, pool`,
  ]);
});

test('nothing is said of a file that is there, of one that says nothing of its own, or without an agent', () => {
  expect(troubles('provider: aws', true)).toEqual([]);
  expect(troubles('log: { level: debug }')).toEqual([]);
  expect(troubles(undefined)).toEqual([]);
});
