import type { BucketLevel, TokenUse } from './cloud.ts';
import type { Deed, Moment } from './deed.ts';
import * as noun from './noun-shapes.ts';
import type { Instance, Nic } from './nouns.ts';
import type { Version } from './past.ts';
import { either, list, maybe, number, object, pair, tagged, text } from './shape.ts';
import type { Mishap, Scope, Trouble } from './trouble.ts';

// How the rest of a cloud's state stands in a snapshot: what is planned, counted, remembered and troubled.

const { id } = noun;

const moment = object<Moment>({ at: number, serial: number });

type Of<D extends Deed['do']> = Extract<Deed, { readonly do: D }>;
const deed = tagged<Deed>('do', {
  attach: object<Of<'attach'>>({ do: either('attach'), nic: id, attachment: id, job: maybe(id) }),
  detach: object<Of<'detach'>>({ do: either('detach'), nic: id, attachment: id, job: maybe(id) }),
  run: object<Of<'run'>>({ do: either('run'), instance: id }),
  end: object<Of<'end'>>({ do: either('end'), instance: id }),
  forget: object<Of<'forget'>>({ do: either('forget'), what: either('instance', 'job', 'token'), id: text }),
  settle: object<Of<'settle'>>({ do: either('settle'), what: either('nic', 'instance'), id }),
});

export const dues = list(pair(moment, deed));

const kinds = [
  ...(['vpc', 'subnet', 'reservation', 'group', 'rule', 'route-table', 'gateway', 'nat'] as const),
  ...(['instance', 'nic', 'attachment', 'job', 'zone'] as const),
] as const;
const touch = object<TokenUse['made'][number]>({ kind: either(...kinds), id });
export const tokens = list(pair(text, object<TokenUse>({ hash: text, made: list(touch) })));

export const buckets = list(pair(text, object<BucketLevel>({ level: number, at: number })));

const shows = { describe: number, metadata: number };
export const pastNics = list(pair(id, list(object<Version<Nic>>({ it: maybe(noun.nic), ...shows }))));
export const pastInstances = list(pair(id, list(object<Version<Instance>>({ it: maybe(noun.instance), ...shows }))));

const viewer = either('describe', 'metadata');
type Struck<K extends Mishap['kind']> = Extract<Mishap, { readonly kind: K }>;
const what = tagged<Mishap>('kind', {
  throttle: object<Struck<'throttle'>>({ kind: either('throttle') }),
  deny: object<Struck<'deny'>>({ kind: either('deny') }),
  error: object<Struck<'error'>>({ kind: either('error'), status: number }),
  hang: object<Struck<'hang'>>({ kind: either('hang') }),
  slow: object<Struck<'slow'>>({ kind: either('slow'), byMs: number }),
  lose: object<Struck<'lose'>>({ kind: either('lose') }),
  exhaust: object<Struck<'exhaust'>>({ kind: either('exhaust'), of: either('address', 'prefix') }),
  limit: object<Struck<'limit'>>({ kind: either('limit'), of: either('nics', 'addresses') }),
  'fail-job': object<Struck<'fail-job'>>({ kind: either('fail-job') }),
  lag: object<Struck<'lag'>>({ kind: either('lag'), viewer, byMs: number }),
  hide: object<Struck<'hide'>>({ kind: either('hide'), viewer, nic: id }),
  lapse: object<Struck<'lapse'>>({ kind: either('lapse') }),
  cut: object<Struck<'cut'>>({ kind: either('cut'), zone: text }),
});

const scope = object<Scope>({ action: maybe(text), account: maybe(text), instance: maybe(id), subnet: maybe(id) });

/** A trouble as JSON: an operator's tool writes it so too. */
export const trouble = object<Trouble>({
  name: text,
  what,
  scope,
  until: maybe(number),
  left: maybe(number),
  chance: maybe(number),
});
