import { spawnSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { AGENT_NICE } from './priority.ts';

/** Takes a priority, and prints the answer with every thread's since, those that files are read in among them. */
const PROGRAM = `
  import { readdirSync } from 'node:fs';
  import { readFile } from 'node:fs/promises';
  import { getPriority } from 'node:os';
  import { takePriority } from './src/io/system/priority.ts';
  const before = readdirSync('/proc/self/task').length;
  const taken = takePriority(Number(process.argv[1]));
  await readFile('/proc/self/stat');
  const threads = readdirSync('/proc/self/task');
  const nice = [...new Set(threads.map((thread) => getPriority(Number(thread))))];
  console.log(JSON.stringify({ taken, nice, more: threads.length > before }));
`;
const UNABLE = ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice']; // whoever is not root is so already

const USUAL = getPriority() === 0; // else somebody runs these tests after, or before, all others

test('all threads take a priority, and those that are begun later have it', () => {
  expect(taking(19)).toEqual({ taken: true, nice: [USUAL ? 19 : getPriority()], more: true });
});

test('whoever started it with another priority than the usual one means it', () => {
  const kept = Math.min(getPriority() + 3, 19);
  expect(taking(19, ['nice', '-n', '3'])).toEqual({ taken: true, nice: [kept], more: true });
});

test('who may not come first goes on as before', () => {
  const wrapper = process.getuid?.() === 0 ? UNABLE : [];
  expect(taking(AGENT_NICE, wrapper)).toEqual({ taken: !USUAL, nice: [getPriority()], more: true });
});

function taking(nice: number, wrapper: readonly string[] = []): unknown {
  const own = [process.execPath, '--input-type=module', '-e', PROGRAM, '--', String(nice)];
  const [program = '', ...args] = [...wrapper, ...own];
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}
