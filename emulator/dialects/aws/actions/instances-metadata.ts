import { ApiError } from '../api-error.ts';
import type { Params } from '../params.ts';

/** What launching and ModifyInstanceMetadataOptions say of metadata. Throws ApiError. */
export function readMetadataOptions(params: Params): { readonly hopLimit?: number; readonly tokensRequired?: boolean } {
  params.ignore('HttpEndpoint', 'HttpProtocolIpv6', 'InstanceMetadataTags');
  const hopLimit = params.number('HttpPutResponseHopLimit');
  const tokens = params.text('HttpTokens');
  if (tokens !== undefined && tokens !== 'required' && tokens !== 'optional')
    throw params.invalid('HttpTokens', tokens, 'http tokens');
  if (hopLimit !== undefined && (hopLimit < 1 || hopLimit > 64))
    throw new ApiError(
      'InvalidParameterValue',
      `Invalid HttpPutResponseHopLimit '${hopLimit}'. It has to be between 1 and 64.`,
    );
  return {
    ...(hopLimit === undefined ? {} : { hopLimit }),
    ...(tokens === undefined ? {} : { tokensRequired: tokens === 'required' }),
  };
}
