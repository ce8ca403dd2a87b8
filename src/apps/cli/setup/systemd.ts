import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CliError } from '../exit.ts';

export const UNIT = 'berth-agent.service';
export const UNIT_PATH = `/etc/systemd/system/${UNIT}`;

/** Whether systemd runs this machine (sd_booted(3)), and the installation is for it. */
export function hasSystemd(root: string): boolean {
  return root === '/' && existsSync('/run/systemd/system');
}

/** Runs systemctl. Throws CliError with what it said. */
export function systemctl(...args: readonly string[]): void {
  try {
    execFileSync('systemctl', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: Buffer; message: string };
    throw new CliError('failed', `systemctl ${args.join(' ')}: ${stderr?.toString().trim() || message}`, {
      advice: `see "systemctl status ${UNIT}"`,
      cause,
    });
  }
}
