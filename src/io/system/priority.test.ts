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

test('all threads take a priority, and those that are begun later have it', () => {
  expect(taking(19)).toEqual({ taken: true, nice: [19], more: true });
});

test('who may not come first goes on as before', () => {
  const wrapper = process.getuid?.() === 0 ? UNABLE : [];
  expect(taking(AGENT_NICE, wrapper)).toEqual({ taken: false, nice: [getPriority()], more: true });
});

function taking(nice: number, wrapper: readonly string[] = []): unknown {
  const own = [process.execPath, '--input-type=module', '-e', PROGRAM, '--', String(nice)];
  const [program = '', ...args] = [...wrapper, ...own];
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}
