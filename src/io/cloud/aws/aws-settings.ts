import type { AwsSettings } from './settings.ts';

/** The settings as configuration files say them: zones in a list, tags as "key=value". */
export interface AwsWords extends Omit<AwsSettings, 'region' | 'endpoint' | 'zones' | 'tags'> {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly zones: readonly { readonly zone: string; readonly subnet: string; readonly groups: readonly string[] }[];
  readonly tags: readonly string[];
}

/** What a configuration says of AWS, as its provider takes it. */
export function awsSettings({ region, endpoint, zones, tags, ...rest }: AwsWords): AwsSettings {
  return {
    ...rest,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    zones: Object.fromEntries(zones.map(({ zone, subnet, groups }) => [zone, { subnet, groups }])),
    tags: Object.fromEntries(tags.map(keyAndValue)),
  };
}

function keyAndValue(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
