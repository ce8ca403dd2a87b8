import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../testing/fake-agent.ts';

const hasZsh = spawnSync('zsh', ['--version']).status === 0;

/** What bash offers behind these words; `berth` itself answers with two pods. */
async function offered(...words: string[]): Promise<string[]> {
  const { out } = await run(['completion', 'bash']);
  const directory = mkdtempSync(join(tmpdir(), 'berth-completion-'));
  try {
    const script = join(directory, 'script');
    const line = ['berth', ...words].map((word) => `'${word}'`).join(' ');
    const fake = 'berth() { printf "default/web\\ndefault/db\\n"; }';
    writeFileSync(
      script,
      `${fake}\n${out}\nCOMP_WORDS=(${line})\nCOMP_CWORD=${words.length}\n_berth\nprintf '%s\\n' "\${COMPREPLY[@]}"\n`,
    );
    return execFileSync('bash', [script], { encoding: 'utf8' }).trim().split('\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('bash completes commands, subcommands, options and choices', async () => {
  expect(await offered('st')).toEqual(['status']);
  expect(await offered('config', '')).toEqual(expect.arrayContaining(['print', 'check']));
  expect(await offered('pods', '--na')).toEqual(['--namespace']);
  expect(await offered('cloud', 'ca')).toEqual(['calls']);
  expect(await offered('nics', '--out')).toEqual(['--output']);
  expect(await offered('emulator', 'dr')).toEqual(['drops']);
  expect(await offered('emulator', 'start', '--no-pa')).toEqual(['--no-packets']);
  expect(await offered('emulator', 'fault', 'thr')).toEqual(['throttle']);
  expect(await offered('log-level', 'd')).toEqual(['debug']);
  expect(await offered('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh']));
});

test('bash completes the names of pods where one is wanted', async () => {
  expect(await offered('explain', 'default/')).toEqual(['default/web', 'default/db']);
  expect(await offered('why', 'default/w')).toEqual(['default/web']);
  expect(await offered('status', 'default/')).toEqual(['']);
});

test.skipIf(!hasZsh)('zsh takes its script', async () => {
  const { out } = await run(['completion', 'zsh']);
  expect(spawnSync('zsh', ['-n'], { input: out }).status).toBe(0);
});
