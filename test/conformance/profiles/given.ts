import { basename, dirname } from 'node:path';
import type { PluginConf } from '../libcni/network-list.ts';
import type { Profile } from './profile.ts';

/** Any plugin with a configuration of its user's: a conflist, or one plugin's object. Companions are looked for in `directory`. */
export function givenProfile(path: string, configuration: string, directory: string): Profile {
  const json = JSON.parse(configuration) as Partial<PluginConf> & { plugins?: readonly PluginConf[] };
  const type = basename(path);
  const plugins = json.plugins ?? [{ ...json, type }];
  if (!plugins.some((plugin) => plugin.type === type))
    throw new Error(`the configuration has no plugin of type "${type}"`);
  return {
    plugin: type,
    type,
    directories: [dirname(path), directory],
    env: {},
    network: ({ name, capability, scarce }) => {
      if (scarce === true)
        return { notApplicable: 'of a given configuration it is not known how many addresses there are' };
      if (name !== 'conformance') return { notApplicable: 'the given configuration is for one network' };
      if (capability === undefined || plugins.some((plugin) => plugin.capabilities?.[capability] === true))
        return plugins;
      return { notApplicable: `the configuration declares no capability ${capability}` };
    },
  };
}
