/** Where the configuration is looked for when nobody says. */
export const DEFAULT_CONFIG_PATH = '/etc/berth/config.yaml';
/** And that of the controller. */
export const CONTROLLER_CONFIG_PATH = '/etc/berth/controller.yaml';
