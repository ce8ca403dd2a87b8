import type { AwsSettings } from '../../io/cloud/aws/settings.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';

/** What the configuration says of AWS, as its provider takes it. */
export function awsSettings({ region, endpoint, zones, tags, ...rest }: AgentConfig['aws']): AwsSettings {
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
