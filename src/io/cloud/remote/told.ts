import { CloudError } from '../provider.ts';

/** An answer without what was asked for is none. Throws CloudError. */
export function told<T>(name: string, value: T | undefined): T {
  if (value !== undefined) return value;
  const message = `the controller answered without ${name}: it may be of another version`;
  throw new CloudError('unknown', { action: 'controller', code: 'Incomplete', message });
}
