// node tools/python-clients.ts: others' clients of EC2 for test/emulator: boto3, the aws command line and moto, from
// PyPI into .toolchain/clients (300 MB, once, or when the list of versions changes). Exit code 1 where that cannot be.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';

const VERSIONS = 'test/emulator/clients/requirements.txt';
const PLACE = '.toolchain/clients';
const DONE = `${PLACE}/requirements.txt`; // last of all: what is half there is made again

if (!fresh()) {
  rmSync(PLACE, { recursive: true, force: true });
  run('python3', ['-m', 'venv', PLACE]);
  run(`${PLACE}/bin/python3`, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', VERSIONS]);
  copyFileSync(VERSIONS, DONE);
}

function fresh(): boolean {
  return existsSync(DONE) && readFileSync(DONE, 'utf8') === readFileSync(VERSIONS, 'utf8');
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error === undefined && status === 0) return;
  console.error(`berth: ${error?.message ?? `${program} failed`}: test/emulator does without boto3, aws and moto`);
  process.exit(1);
}
