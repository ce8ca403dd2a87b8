import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { gone } from '../../demo/processes.ts';
import { onlyChild, Program } from './program.ts';

const RESTART_MS = 50;
const LONGER_MS = 6 * RESTART_MS;

/** A program that a shell waits for, as nsenter would; how often it was started and has ended by itself. */
function programOf(script: string) {
  const counts = { starts: 0, ended: 0 };
  const program = new Program(() => {
    counts.starts++;
    return spawn('sh', ['-c', script], { stdio: 'ignore' });
  }, RESTART_MS);
  return { program, counts };
}

const SLEEPS = 'sleep 60; :';
const ENDS = 'exit 1';

test('a program that was killed stays away until it is started anew', async () => {
  const { program, counts } = programOf(SLEEPS);
  program.keep(() => counts.ended++);
  const first = program.child;
  await program.kill();
  await pause(LONGER_MS);
  expect(await onlyChild(first)).toBeUndefined();
  expect(counts).toEqual({ starts: 1, ended: 0 });
  program.again();
  expect(await onlyChild(program.child)).toBeGreaterThan(0);
  await program.kill();
  expect(counts).toEqual({ starts: 2, ended: 0 });
});

test('a program that ends by itself is started again, each time is told, and it can be killed while it is away', async () => {
  const { program, counts } = programOf(ENDS);
  await gone(program.child);
  await new Promise<void>((resolve) => {
    program.keep(() => {
      if (++counts.ended === 3) resolve();
    });
  });
  await program.kill();
  await pause(LONGER_MS);
  expect(counts).toEqual({ starts: 3, ended: 3 });
});

test('what was killed while it was away, and started anew, is not started twice', async () => {
  const { program, counts } = programOf(SLEEPS);
  program.keep(() => counts.ended++);
  const pid = await onlyChild(program.child);
  process.kill(pid ?? 0, 'SIGKILL');
  await gone(program.child);
  await program.kill();
  program.again();
  await pause(LONGER_MS);
  expect(counts).toEqual({ starts: 2, ended: 1 });
  await program.kill();
});

test('a program that ended by itself just before it was killed is told', async () => {
  const { program, counts } = programOf(ENDS);
  program.keep(() => counts.ended++);
  spawnSync('sleep', ['0.2']); // it ends, and nobody hears of it meanwhile
  await program.kill();
  expect(counts).toEqual({ starts: 1, ended: 1 });
});

test('a program that nobody keeps stays away after its end', async () => {
  const { program, counts } = programOf(ENDS);
  await gone(program.child);
  await pause(LONGER_MS);
  expect(counts.starts).toBe(1);
});
