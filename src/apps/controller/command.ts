import { VERSION } from '../../base/version.ts';
import { CONTROLLER_CONFIG_PATH } from '../../io/config/default-path.ts';

/** `berth controller`: reads its own few words. Sets the exit code; ends when told to. */
export async function controllerCommand(args: readonly string[]): Promise<void> {
  const words = args.flatMap((it) => (it.startsWith('--config=') ? ['--config', it.slice('--config='.length)] : [it]));
  const [option = '--config', configPath = process.env['BERTH_CONFIG'] || CONTROLLER_CONFIG_PATH, ...more] = words;
  if (option !== '--config' || more.length > 0 || words.length === 1) {
    process.stderr.write('usage: berth controller [--config FILE]\n');
    process.exitCode = 2;
    return;
  }
  const { runController } = await import('./main.ts');
  try {
    await runController({ configPath, version: VERSION });
  } catch (error) {
    if (!(error instanceof Error) || !('kind' in error)) throw error; // a defect: with its stack
    process.stderr.write(`berth: ${error.message}\n`);
    process.exit(1); // some doors may be open already
  }
}
