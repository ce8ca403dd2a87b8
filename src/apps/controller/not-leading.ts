import { CloudError } from '../../io/cloud/provider.ts';

/** The code of a call of the cloud that was not made because another replica leads. */
export const NOT_LEADING = 'NotLeading';

/** What such a call throws. */
export function notLeading(): CloudError {
  const message = 'another replica leads now';
  return new CloudError('away', { action: 'lead', code: NOT_LEADING, message });
}
