import type { Millis } from '../../base/clock.ts';

const DAY_MS: Millis = 86_400_000;

/** RFC 3339 in seconds, as metav1.Time is written: "2026-01-01T00:00:00Z". */
export function timeText(at: Millis): string {
  const { year, month, day } = dateOf(Math.floor(at / DAY_MS));
  const seconds = Math.floor(at / 1_000) % 86_400;
  const two = (number: number) => String(number).padStart(2, '0');
  const time = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  return `${year}-${two(month)}-${two(day)}T${time}Z`;
}

/** The same in microseconds, as metav1.MicroTime is written: "2026-01-01T00:00:00.000000Z". */
export function microTimeText(at: Millis): string {
  const micros = String(Math.floor((at % 1_000) * 1_000)).padStart(6, '0');
  return timeText(at).replace('Z', `.${micros}Z`);
}

/** A time as metav1.Time is written; undefined: it is none. */
export function readTime(text: string): Millis | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** The date of a day counted from 1970, by the proleptic Gregorian calendar: years that begin in March. */
function dateOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468; // since 0000-03-01
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const month = march < 10 ? march + 3 : march - 9;
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
