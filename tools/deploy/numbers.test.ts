import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AGENT_FLAGS } from './numbers.ts';

test('the image starts the agent with the flags that the wrapper of installed files has', () => {
  const [, flags = ''] = /^ {2}exec "\$node" (.+) "\$bundle" "\$@"$/m.exec(readFileSync('deploy/berth', 'utf8')) ?? [];
  expect(AGENT_FLAGS.join(' ')).toBe(flags);
});
