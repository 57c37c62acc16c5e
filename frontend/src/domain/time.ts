/** Times as people read them; the exact time is in the title of the element. */
export function ago(iso: string | null | undefined, now: number = Date.now()): string {
  const then = iso ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(then)) {
    return 'unknown';
  }
  const seconds = Math.round((now - then) / 1000);
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86400], ['hour', 3600], ['minute', 60],
  ];
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) {
      return words.format(-Math.round(seconds / length), unit);
    }
  }
  return 'just now';
}

/** A date without its time. */
export function dateOf(iso: string | null | undefined): string {
  const then = iso ? Date.parse(iso) : Number.NaN;
  return Number.isNaN(then) ? 'unknown' : new Date(then).toISOString().slice(0, 10);
}

/** Whole days from now until a date; negative when it is over. */
export function daysUntil(iso: string, now: number = Date.now()): number {
  return Math.ceil((Date.parse(iso) - now) / 86400000);
}
