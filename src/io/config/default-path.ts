/** Where the configuration is looked for when nobody says. */
export const DEFAULT_CONFIG_PATH = '/etc/berth/config.yaml';
