import { existsSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { runProgram } from './program.ts';

test('what a program prints and how it ends is told', async () => {
  const ended = await runProgram(['sh', '-c', 'echo out; echo err >&2; exit 3']);
  expect(ended).toMatchObject({ code: 3, late: false });
  expect(ended.output.split('\n').toSorted((a, b) => a.localeCompare(b))).toEqual(['', 'err', 'out']);
});

test('a program that is not there is an error, not a test that failed', async () => {
  await expect(runProgram(['/nonexistent/program'])).rejects.toThrow('ENOENT');
});

test('a program that takes too long is ended with all its children, and may clean up before', async () => {
  const script = "trap 'echo cleaned; exit 7' TERM; sleep 60 & echo child $!; wait";
  const { code, late, output, seconds } = await runProgram(['sh', '-c', script], { minutes: 0.01 });
  expect({ code, late }).toEqual({ code: 7, late: true });
  expect(output).toContain('cleaned');
  expect(seconds).toBeLessThan(20);
  const child = Number(/child (\d+)/.exec(output)?.[1]);
  await vi.waitFor(() => expect(isAlive(child)).toBe(false));
});

/** A zombie is dead: whoever adopted it has not looked yet. */
function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'));
}
