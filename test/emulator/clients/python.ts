import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ACCESS_KEY } from '../../../emulator/server/start.ts';

const HERE = import.meta.dirname;
const PLACE = join(dirname(dirname(dirname(HERE))), '.toolchain/clients');

/** Whether boto3, the aws command line and moto are here, as tools/python-clients.ts brings them. */
export function havePython(): boolean {
  const versions = `${PLACE}/requirements.txt`;
  return existsSync(versions) && readFileSync(versions, 'utf8') === readFileSync(`${HERE}/requirements.txt`, 'utf8');
}

/** What a program of theirs printed on either side, and how it ended. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of that environment with an emulator as its EC2, and nothing of the person's own settings of AWS. */
export async function runPython(endpoint: string, program: string, args: readonly string[]): Promise<Printed> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    AWS_ENDPOINT_URL_EC2: endpoint,
    AWS_ACCESS_KEY_ID: ACCESS_KEY.id,
    AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secret,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const options = { env, cwd: HERE, maxBuffer: 64 * 1024 * 1024 };
  return promisify(execFile)(`${PLACE}/bin/${program}`, args, options).then(
    (said) => ({ code: 0, ...said }),
    (error: Printed) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  );
}
