import type { PluginConf } from '../libcni/network-list.ts';

/** What a check wants of the network it attaches to. */
export interface NetworkWish {
  readonly name: string;
  readonly capability?: 'portMappings' | 'bandwidth'; // must be honoured, by the plugin itself or by one behind it
  readonly scarce?: boolean; //                          so few addresses that they are soon used up
}

/** A plugin under test, and how to bring it into the states that the checks look at. */
export interface Profile {
  readonly plugin: string; // what the table calls it
  readonly type: string; //   its file name
  readonly directories: readonly string[]; // where it and its companions are: CNI_PATH
  readonly env: Readonly<Record<string, string>>; // what the plugin finds in its environment
  /** The plugins of a list, the one under test first; or why there is no such network. */
  network(wish: NetworkWish): readonly PluginConf[] | { readonly notApplicable: string };
  /** It only gives addresses, as a delegate of others: there is no interface to look at. */
  readonly ipam?: boolean;
  /** Absent: the plugin works alone. */
  readonly daemon?: Daemon;
}

/** How a daemon is started for a check. */
export interface DaemonMode {
  readonly scarce?: boolean; //    with the few addresses of a scarce network
  readonly repairing?: boolean; // it repairs as fast as in production; else not at all, so that damage can be looked at
}

/** A daemon behind the plugin. */
export interface Daemon {
  /** Starts it and waits until it serves. */
  start(mode?: DaemonMode): Promise<void>;
  /** Ends it and waits for its end. Not running = success. */
  stop(): Promise<void>;
  /** Stops it in its tracks, SIGSTOP, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Everything it has logged since the run began. */
  log(): string;
  readonly socket: string; // where the plugin reaches it
  /** Variables that make the plugin give up on it sooner than in production, but by the same way. */
  readonly hurry: Readonly<Record<string, string>>;
}
