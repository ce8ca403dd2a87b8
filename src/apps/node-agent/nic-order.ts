import type { NicSpec } from '../../core/ipam/nic.ts';
import { placeNamed } from '../../core/ipam/placing.ts';
import type { Pool } from '../../core/ipam/pool.ts';
import { CloudError, type NicOrder } from '../../io/cloud/provider.ts';

/** A NIC as the provider is asked for it. Throws CloudError: its NICConfig has gone since it was decided on. */
export function orderOf({ cloud }: Pool, spec: NicSpec): NicOrder {
  const { config } = spec;
  if (config === undefined || cloud === undefined) return spec;
  const place = placeNamed(cloud.placing, config);
  if (place !== undefined) return { ...spec, place };
  const message = `there is no NICConfig or ENIConfig named ${config}, or what it says is not known yet`;
  throw new CloudError('gone', { action: 'createNic', code: 'NoNicConfig', message });
}
