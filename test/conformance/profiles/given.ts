import { basename, dirname } from 'node:path';
import type { PluginConf } from '../libcni/network-list.ts';
import type { Profile } from './profile.ts';

/** Any plugin with a configuration of its user's. Companions are looked for in `directory`. */
export function givenProfile(path: string, configuration: string, directory: string): Profile {
  const type = basename(path);
  const directories = [dirname(path), directory];
  return { plugin: type, type, directories, env: {}, network: givenNetwork(type, configuration) };
}

/** The network of a conflist, or of one plugin's object, as JSON. Throws Error when the plugin is not in it. */
export function givenNetwork(type: string, configuration: string): Profile['network'] {
  const json = JSON.parse(configuration) as Partial<PluginConf> & { plugins?: readonly PluginConf[] };
  const plugins = json.plugins ?? [{ ...json, type }];
  if (!plugins.some((plugin) => plugin.type === type))
    throw new Error(`the configuration has no plugin of type "${type}"`);
  return ({ name, capability, scarce }) => {
    if (scarce === true)
      return { notApplicable: 'of a given configuration it is not known how many addresses there are' };
    if (name !== 'conformance') return { notApplicable: 'the given configuration is for one network' };
    if (capability === undefined || plugins.some((plugin) => plugin.capabilities?.[capability] === true))
      return plugins;
    return { notApplicable: `the configuration declares no capability ${capability}` };
  };
}
