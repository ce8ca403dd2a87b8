import type { Millis } from '../../src/base/clock.ts';
import type { MetadataAsk } from '../../src/io/cloud/aws/metadata.ts';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { metadataOf } from '../../emulator/cloud/metadata.ts';
import { answerMetadata } from '../../emulator/dialects/aws/imds/service.ts';
import { Keyring } from '../../emulator/dialects/aws/keyring.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import type { CloudDoor } from './ec2-client.ts';

const SEAL = 'sim';
const PLACE = { region: 'us-east-1', account: '123456789012' };
const KEYRING = new Keyring([], SEAL);

/** The instance's metadata as the region tells them now. `fails`: it does not answer this time. */
export function metadataAsk(
  { region, instance, clock, pause }: CloudDoor & { readonly instance: Id },
  fails: () => boolean,
): MetadataAsk {
  let told = { cloud: region.cloud, now: Number.NaN, metadata: undefined as ReturnType<typeof metadataOf> };
  const metadataAt = (now: Millis) => {
    const { cloud } = region;
    if (told.cloud !== cloud || told.now !== now) told = { cloud, now, metadata: metadataOf(cloud, instance, now) };
    return told.metadata; // one path after the other is asked for in one moment
  };
  return async (method, path, headers) => {
    await pause(`metadata ${path}`);
    if (fails())
      throw new CloudError('unknown', { action: 'metadata', code: 'Metadata', message: `no answer for ${path}` });
    const now = clock.now();
    const service = { place: PLACE, keyring: KEYRING, now, seal: SEAL };
    const metadata = () => metadataAt(now);
    const { status, body } = answerMetadata(instance, { method, path, headers }, { ...service, metadata });
    return { status, text: body };
  };
}
