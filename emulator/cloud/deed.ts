import type { Millis } from '../../src/base/clock.ts';
import type { Id } from './nouns.ts';

/** When a deed is due. Of one time, the one that was planned first comes first. */
export interface Moment {
  readonly at: Millis;
  readonly serial: number;
}

/** What happens by itself when its time has come. One whose subject has changed its state since does nothing. */
export type Deed =
  | { readonly do: 'attach'; readonly nic: Id; readonly attachment: Id; readonly job?: Id }
  | { readonly do: 'detach'; readonly nic: Id; readonly attachment: Id; readonly job?: Id }
  | { readonly do: 'run'; readonly instance: Id }
  | { readonly do: 'end'; readonly instance: Id }
  | { readonly do: 'forget'; readonly what: 'instance' | 'job' | 'token'; readonly id: string }
  /** Everybody sees the thing as it is. */
  | { readonly do: 'settle'; readonly what: 'nic' | 'instance'; readonly id: Id };
