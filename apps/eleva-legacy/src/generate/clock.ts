export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A `timestamp` without zone as the product writes it: UTC, three decimals, no mark that says so. */
export function naive(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").slice(0, 23);
}

/** The milliseconds of a naive timestamp read as UTC. */
export function fromNaive(text: string): number {
  return Date.parse(`${text.replace(" ", "T")}Z`);
}

/** `YYYY-MM-DD` of a moment in UTC. */
export function dateOnly(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Midnight UTC of the last Sunday of March: clocks in Lisbon jump from 01:00 to 02:00 one hour later. */
export function lastSundayOfMarch(year: number): number {
  const last = Date.UTC(year, 2, 31);
  return last - new Date(last).getUTCDay() * DAY_MS;
}
