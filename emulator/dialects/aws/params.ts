import {
  address,
  type Address,
  addressIn,
  familyOf,
  interfaceAddress,
  lengthOf,
  type Prefix,
  rangeAround,
} from '../../../src/base/ip.ts';
import type { Id } from '../../cloud/nouns.ts';
import { ApiError } from './api-error.ts';

/**
 * The parameters of a request, read by name: "NetworkInterfaceId", "Filter.1.Value.2". What nobody has read is unknown,
 * so that a client's wrong spelling is told and not passed over.
 */
export class Params {
  readonly #all: ReadonlyMap<string, string>;
  readonly #read: Set<string>;
  readonly #at: string; // what all names begin with: "", "Filter.1."

  constructor(all: ReadonlyMap<string, string>, read = new Set<string>(), at = '') {
    this.#all = all;
    this.#read = read;
    this.#at = at;
  }

  /** As it was sent. An empty text is a value. */
  text(name: string): string | undefined {
    const whole = this.#at + name;
    this.#read.add(whole);
    return this.#all.get(whole);
  }

  /** Throws ApiError when it is not there. */
  needed(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw this.missing(name);
    return value;
  }

  id(name: string): Id {
    return this.needed(name) as Id;
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(value)) throw this.invalid(name, value, 'integer');
    return Number(value);
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') throw this.invalid(name, value, 'boolean');
    return value === 'true';
  }

  /** An address of a family. Throws ApiError. */
  address(name: string, family: 'v4' | 'v6' = 'v4'): Address | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : addressOf(value, family);
  }

  /** A range, its host bits cleared as EC2 does it. Throws ApiError. */
  range(name: string): Prefix | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : rangeOf(value, name);
  }

  /** Values of "name.1", "name.2" … by their numbers. */
  list(name: string): readonly string[] {
    return this.#numbers(name).flatMap((number) => this.text(`${name}.${number}`) ?? []);
  }

  ids(name: string): readonly Id[] {
    return this.list(name) as readonly Id[];
  }

  addresses(name: string, family: 'v4' | 'v6' = 'v4'): readonly Address[] {
    return this.list(name).map((it) => addressOf(it, family));
  }

  ranges(name: string): readonly Prefix[] {
    return this.list(name).map((it) => rangeOf(it, name));
  }

  /** The structures "name.1.", "name.2." … by their numbers. */
  rows(name: string): readonly Params[] {
    return this.#numbers(name).map((number) => this.within(`${name}.${number}`));
  }

  /** The structure "name.". */
  within(name: string): Params {
    return new Params(this.#all, this.#read, `${this.#at}${name}.`);
  }

  /** Whether anything below a name was sent. */
  has(name: string): boolean {
    const start = `${this.#at}${name}`;
    for (const key of this.#all.keys()) if (key === start || key.startsWith(`${start}.`)) return true;
    return false;
  }

  /** Says that these are known, and of no use here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) {
      const start = `${this.#at}${name}`;
      for (const key of this.#all.keys()) if (key === start || key.startsWith(`${start}.`)) this.#read.add(key);
    }
  }

  /** Throws ApiError for the first one that nobody has read. */
  finish(): void {
    for (const key of this.#all.keys())
      if (!this.#read.has(key)) throw new ApiError('UnknownParameter', `The parameter ${key} is not recognized`);
  }

  missing(name: string): ApiError {
    return new ApiError('MissingParameter', `The request must contain the parameter ${this.#at}${name}`);
  }

  /** A value that its parameter cannot have. */
  invalid(name: string, value: string, expected: string): ApiError {
    const whole = this.#at + name;
    const text = `Value (${value}) for parameter ${whole} is invalid. Invalid ${expected}: '${value}'`;
    return new ApiError('InvalidParameterValue', text);
  }

  #numbers(name: string): readonly number[] {
    const start = `${this.#at}${name}.`;
    const numbers = new Set<number>();
    for (const key of this.#all.keys()) {
      const number = key.startsWith(start) ? /^\d{1,6}(?=\.|$)/.exec(key.slice(start.length))?.[0] : undefined;
      if (number !== undefined) numbers.add(Number(number));
    }
    return [...numbers].toSorted((a, b) => a - b);
  }
}

function addressOf(text: string, family: 'v4' | 'v6'): Address {
  try {
    const it = address(text);
    if (familyOf(it) === family) return it;
  } catch {} // told below
  throw new ApiError('InvalidParameterValue', `invalid value for parameter address: ${text}`);
}

function rangeOf(text: string, name: string): Prefix {
  try {
    const it = interfaceAddress(text);
    return rangeAround(addressIn(it), lengthOf(it));
  } catch {
    const message = `Value (${text}) for parameter ${lowerFirst(name)} is invalid. This is not a valid CIDR block.`;
    throw new ApiError('InvalidParameterValue', message);
  }
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
