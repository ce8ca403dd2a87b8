/** The last lines of a log, as many as fit: for who asks a process that cannot say where its log went. */
export class RecentLines {
  readonly #mostLetters: number;
  #lines: string[] = [];
  #first = 0; //   of those that are kept
  #letters = 0; // of those, in all

  constructor(mostLetters: number) {
    this.#mostLetters = mostLetters;
  }

  /** Whole lines, with their end. */
  add(line: string): void {
    this.#lines.push(line);
    this.#letters += line.length;
    while (this.#letters > this.#mostLetters) this.#drop();
  }

  text(): string {
    return this.#lines.slice(this.#first).join('');
  }

  #drop(): void {
    this.#letters -= this.#lines[this.#first]?.length ?? 0;
    this.#first += 1;
    if (this.#first * 2 < this.#lines.length) return;
    this.#lines = this.#lines.slice(this.#first); // as many are gone as are left: each line is moved once
    this.#first = 0;
  }
}
