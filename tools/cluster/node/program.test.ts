import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { gone } from '../../demo/processes.ts';
import { onlyChild, Program } from './program.ts';

const LONGER_THAN_A_RESTART_MS = 1_300;

/** A shell waits for it, as nsenter would. */
const sleeping = () => spawn('sh', ['-c', 'sleep 60; :'], { stdio: 'ignore' });
const ending = () => spawn('sh', ['-c', 'exit 1'], { stdio: 'ignore' });

test('a program that was killed stays away until it is started anew', async () => {
  const program = new Program(sleeping);
  let ended = 0;
  program.keep(() => ended++);
  const first = program.child;
  await program.kill();
  await pause(LONGER_THAN_A_RESTART_MS);
  expect(program.child).toBe(first);
  expect(await onlyChild(first)).toBeUndefined();
  expect(ended).toBe(0);
  program.again();
  expect(await onlyChild(program.child)).toBeGreaterThan(0);
  await program.kill();
});

test('a program that ends by itself is started again, each time is told, and it can be killed while it is away', async () => {
  const program = new Program(ending);
  await gone(program.child);
  let ended = 0;
  await new Promise<void>((resolve) => {
    program.keep(() => {
      if (++ended === 2) resolve();
    });
  });
  await program.kill();
  await pause(LONGER_THAN_A_RESTART_MS);
  expect(ended).toBe(2);
});

test('a program that nobody keeps stays away after its end', async () => {
  const program = new Program(ending);
  const first = program.child;
  await gone(first);
  await pause(LONGER_THAN_A_RESTART_MS);
  expect(program.child).toBe(first);
});
