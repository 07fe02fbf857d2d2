/** Times as people read them, in their own zone. `now` is an argument so that tests can choose it. */

const day = (ms: number): number => {
  const date = new Date(ms);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;
};

/** Whether two moments lie on different days here. */
export const isOtherDay = (a: number, b: number): boolean => day(a) !== day(b);

/** 14:05 */
export function clock(ms: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(ms);
}

/** Today, yesterday, Monday 3 May, 3 May 2020. */
export function dayName(ms: number, now: number, locale: string): string {
  const ago = day(now) - day(ms);
  if (ago === 0 || ago === 1) {
    const name = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-ago, "day");
    return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
  }
  const isNear = ago > 0 && ago < 180;
  return new Intl.DateTimeFormat(
    locale,
    isNear ? { weekday: "long", day: "numeric", month: "long" } : { day: "numeric", month: "long", year: "numeric" },
  ).format(ms);
}

/** As short as a list wants it: 14:05, Mon, 3 May, 03/05/2020. */
export function short(ms: number, now: number, locale: string): string {
  const ago = day(now) - day(ms);
  if (ago <= 0) return clock(ms, locale);
  if (ago < 7) return new Intl.DateTimeFormat(locale, { weekday: "short" }).format(ms);
  if (ago < 180) return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }).format(ms);
  return new Intl.DateTimeFormat(locale, { dateStyle: "short" }).format(ms);
}

/** Everything: 3 May 2026, 14:05:12. */
export function full(ms: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "medium" }).format(ms);
}

/** 5 minutes ago. */
export function ago(ms: number, now: number, locale: string): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const minutes = Math.round((ms - now) / 60_000);
  if (minutes > -60) return format.format(Math.min(minutes, 0), "minute");
  if (minutes > -60 * 24) return format.format(Math.round(minutes / 60), "hour");
  return format.format(Math.round(minutes / 60 / 24), "day");
}
