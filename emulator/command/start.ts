import { createLogger } from '../../src/io/system/logger.ts';
import { ACCESS_KEY, start } from '../server/start.ts';
import { CommandError } from './ask.ts';

/** As they were typed. */
export interface StartWords {
  readonly admin: string;
  readonly topology?: string;
  readonly state?: string;
  readonly host: string;
  readonly port: string;
  readonly metadataPort: string;
  readonly region: string;
  readonly type: string;
  readonly packets: boolean;
  readonly delays: boolean;
  readonly quota: boolean;
  readonly seed?: string;
}

/** `berth emulator start`: tells on standard output what a client needs to know, then runs until it is told to stop. */
export async function startCommand(words: StartWords): Promise<void> {
  const { port, metadataPort, seed, packets, ...rest } = words;
  if (packets && process.getuid?.() !== 0)
    throw new CommandError('packets need root, or a user namespace (docs/emulator.md); --no-packets: the API alone');
  const running = await start({
    ...rest,
    packets,
    port: numberOf(port, '--port'),
    metadataPort: numberOf(metadataPort, '--metadata-port'),
    ...(seed === undefined ? {} : { seed: numberOf(seed, '--seed') }),
    log: createLogger({ level: 'info', format: 'text' }),
  });
  const lines = {
    AWS_ENDPOINT_URL_EC2: `http://${words.host}:${running.port}`,
    AWS_ACCESS_KEY_ID: ACCESS_KEY.id,
    AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secret,
    AWS_REGION: words.region,
    AWS_DEFAULT_REGION: words.region, // what boto3 and the aws CLI read
    BERTH_EMULATOR: words.admin,
    BERTH_EMULATOR_METADATA: `http://${words.host}:${running.metadataPort}`,
  };
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`export ${name}=${value}\n`);
  process.stderr.write(`berth emulator: ready after ${Math.round(performance.now())} ms\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.close();
}

function numberOf(text: string, option: string): number {
  const number = Number(text);
  if (Number.isInteger(number)) return number;
  throw new CommandError(`${option} wants a number, not "${text}"`);
}
