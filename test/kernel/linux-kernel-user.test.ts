import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { routedPod } from './routed-pod.ts';

/** The same script with the right to everything, and as an ordinary user with namespaces of its own. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'as root': ['unshare', '-n', '-m'],
  'as an ordinary user in namespaces of its own': [
    ...(process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []),
    'unshare',
    '-Urnm',
  ],
};

function possible(way: readonly string[]): boolean {
  try {
    execFileSync(way[0] ?? '', [...way.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

for (const [name, way] of Object.entries(WAYS))
  test.skipIf(!possible(way))(`${name}: a pod is made, heard of, observed and removed`, () => {
    const script = new URL('in-user-namespace.ts', import.meta.url).pathname;
    const [program, ...args] = [...way, process.execPath, script];
    const said = JSON.parse(execFileSync(program, args, { encoding: 'utf8' }));
    expect(said).toMatchObject({ made: routedPod(1).length + 1, failure: '', missing: [], remaining: [], left: [] });
    expect(said.hearsPods).toBe(true);
    expect(said.heard).toContain('pod route');
  });
