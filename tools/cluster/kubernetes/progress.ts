/** How far a build is, in packages. Nothing is known of the total before the packages are fetched. */
export interface Reached {
  readonly done: number;
  readonly total: number;
}

/** What is built. */
export interface Build {
  readonly what: string;
  readonly usually: string; // how long that takes on two cores where nothing of it was built before
}

/** All components of a version. */
export function kubernetesBuild(version: string): Build {
  return { what: `Kubernetes ${version}`, usually: '10 to 18 min' };
}

const WIDTH = 24;
const QUIET_MS = 60_000;

/** The line of a bar: what is built, how far it is, how long it takes and usually takes. */
export function progressLine({ what, usually }: Build, { done, total }: Reached, seconds: number): string {
  const clock = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  if (total === 0) return `${what}: fetching its modules, usually half a minute, 600 MB the first time (${clock})`;
  const share = Math.min(1, done / total);
  const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░');
  return `${what} ${bar} ${done} of ${total} packages (${clock}; usually ${usually} the first time, 20 s after)`;
}

/** What of a stream is used: stderr's. */
export interface Screen {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly write: (text: string) => unknown;
}

/** Says how far a build is: over and over in one line on a terminal, once a minute elsewhere. */
export class Progress {
  readonly #build: Build;
  readonly #out: Screen;
  readonly #began = performance.now();
  #said = -QUIET_MS;
  #shown = false;

  constructor(build: Build, out: Screen = process.stderr) {
    [this.#build, this.#out] = [build, out];
  }

  show(reached: Reached): void {
    const now = performance.now() - this.#began;
    const line = progressLine(this.#build, reached, now / 1_000);
    if (this.#out.isTTY) this.#out.write(`\r\x1b[K${line.slice(0, this.#out.columns - 1)}`);
    else if (now - this.#said >= QUIET_MS) this.#out.write(`${line}\n`);
    else return;
    this.#shown = true;
    if (now - this.#said >= QUIET_MS) this.#said = now;
  }

  /** Leaves the line as it is no more needed. */
  end(): void {
    if (this.#shown && this.#out.isTTY) this.#out.write('\r\x1b[K');
  }
}
