import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const LINES = 20_000;

/** Logs many lines in one go, says on standard output that it has, and logs one more for each line that it is sent. */
const PROGRAM = `
import { createInterface } from 'node:readline';
import { createLogger } from '${resolve('src/io/system/logger.ts')}';
const log = createLogger({ level: 'info' });
for (let i = 0; i < ${LINES}; i++) log.info('line', { i, more: 'x'.repeat(150) });
console.log('logged');
createInterface({ input: process.stdin }).on('line', (word) => log.info(word));
`;

test('a log that nobody reads holds up nothing; what there was room for is there in its order, and then how much was lost', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], { stdio: 'pipe' });
  try {
    await once(child.stdout, 'data');
    const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? '{}') as Record<string, unknown>;
    let kept = 0;
    let line = await next();
    for (; line['msg'] === 'line'; line = await next()) expect(line['i']).toBe(kept++);
    expect(kept).toBeGreaterThan(4_000); // a MiB of them
    expect(line).toMatchObject({ level: 'warn', msg: 'log lines lost', lines: LINES - kept });
    child.stdin.write('again\n');
    expect(await next()).toMatchObject({ msg: 'again' });
  } finally {
    child.kill('SIGKILL');
  }
});

test('whoever reads no more stops nothing, and the last lines of a program that ends are there', async () => {
  const ending = `${PROGRAM} process.stdin.destroy();`;
  const deaf = spawn(process.execPath, ['--input-type=module', '-e', ending], { stdio: 'pipe' });
  deaf.stderr.destroy();
  deaf.stdout.resume();
  expect(await once(deaf, 'close')).toEqual([0, null]);
  const short = ending.replace(String(LINES), '3');
  const heard = spawn(process.execPath, ['--input-type=module', '-e', short], { stdio: 'pipe' });
  let said = '';
  heard.stderr.on('data', (bytes) => (said += String(bytes)));
  heard.stdout.resume();
  expect(await once(heard, 'close')).toEqual([0, null]);
  expect(said.split('\n').map((line) => line.includes('"i":'))).toEqual([true, true, true, false]);
});
