import type { Action } from './action.ts';
import { ADDRESSES } from './actions/addresses.ts';
import { GROUPS } from './actions/groups.ts';
import { INSTANCES } from './actions/instances.ts';
import { NETS } from './actions/nets.ts';
import { NICS } from './actions/nics.ts';
import { PLACES } from './actions/places.ts';
import { ROUTES } from './actions/routes.ts';
import { SUBNETS } from './actions/subnets.ts';
import { TAGS } from './actions/tags.ts';
import { TRUNKS } from './actions/trunks.ts';

/** Every action that there is, by its name. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map(
  [NETS, SUBNETS, GROUPS, ROUTES, INSTANCES, NICS, ADDRESSES, TRUNKS, TAGS, PLACES].flatMap((some) =>
    Object.entries(some),
  ),
);
