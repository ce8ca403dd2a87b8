import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { has } from './space.ts';

const child = new URL('nft-unprivileged-child.ts', import.meta.url).pathname;

function outcome(...enter: string[]): unknown {
  const [command, ...rest] = [...enter, process.execPath, child];
  return JSON.parse(execFileSync(command, rest, { encoding: 'utf8' }));
}

/** Some systems do not let ordinary users make user namespaces. */
function canUnshare(): boolean {
  try {
    execFileSync('unshare', ['-Urn', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!canUnshare())('in the network namespace of an unprivileged user namespace all of it works', () => {
  expect(outcome('unshare', '-Urn')).toEqual({ standing: true, made: 2000, left: 0 });
});

test.skipIf(!canUnshare() || !has('setpriv'))(
  'without the right to change the network it is a refusal, not a wait',
  () => {
    expect(outcome('unshare', '-Urn', 'setpriv', '--bounding-set=-net_admin')).toMatchObject({ failure: 'denied' });
  },
);
