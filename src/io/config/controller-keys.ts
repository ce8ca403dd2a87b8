import { CONTROLLER_ENVIRONMENT } from './controller-config.ts';
import { controllerSchema } from './controller-schema.ts';
import { type ConfigKey, keysOf } from './keys.ts';

/** Every key of the controller's file that holds a value, in its order. All are taken on at the start. */
export function controllerKeys(): readonly ConfigKey[] {
  return keysOf(controllerSchema, { at: '', restart: true, variables: CONTROLLER_ENVIRONMENT });
}
