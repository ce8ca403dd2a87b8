import type { CloudFailure } from '../../core/ipam/nic.ts';
import { CloudError } from '../../io/cloud/provider.ts';

/** What failed, as a value. A journal that fails is a cloud that is busy: it is asked again. */
export function failureOf(error: unknown, action: string): CloudFailure {
  if (error instanceof CloudError) {
    const { kind, code, message, subnet, retryAfterMs } = error;
    return {
      kind,
      action: error.action,
      code,
      message,
      ...(subnet === undefined ? {} : { subnet }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'busy', action, code: error instanceof Error ? error.name : 'Error', message };
}
