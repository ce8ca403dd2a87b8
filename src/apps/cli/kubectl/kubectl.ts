import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { type KubeObject, looseList, readObject } from '../../../wire/kube/object.ts';
import { CliError } from '../exit.ts';

/** What a program answered. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** kubectl with these words: it knows the user's contexts and ways to sign in. Throws CliError when there is none. */
export type Kubectl = (words: readonly string[]) => Promise<Said>;

const LIMIT_MS = 60_000;

/** The kubectl of the path. `first`: words that stand before all others, such as --context. */
export function kubectlOf(program: string, first: readonly string[]): Kubectl {
  return async (words) => {
    const child = spawn(program, [...first, ...words], { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', (cause) => reject(new CliError('failed', `${program}: ${cause.message}`, { cause })));
      child.once('close', (code) => resolve(code ?? 1));
    });
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { code, out, err };
  };
}

/** Objects that `kubectl get` shows; undefined: it has none of that name. Throws CliError with kubectl's own words. */
export async function objectsOf(
  kubectl: Kubectl,
  words: readonly string[],
): Promise<readonly KubeObject[] | undefined> {
  const { code, out, err } = await kubectl(['get', ...words, '-o', 'json']);
  if (code !== 0 && /\(NotFound\)/.test(err)) return undefined;
  if (code !== 0) throw new CliError('failed', err.trim() || `kubectl get ${words.join(' ')} failed`);
  const said: unknown = JSON.parse(out);
  const { items } = said as { readonly items?: unknown };
  return items === undefined ? [readObject(said)] : looseList(items).map(readObject);
}
