/** Numbers as people read them. */

const STEPS: readonly (readonly [name: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/** Such as `340 ms`, `2.4 s`, `3 min 20 s`, `2 d 4 h`; a negative one counts as 0. */
export function durationText(seconds: number): string {
  const value = Math.max(0, seconds);
  if (value === 0) return "0 ms";
  if (value < 0.001) return `${(value * 1_000).toPrecision(2)} ms`;
  if (value < 1) return `${Math.round(value * 1_000)} ms`;
  if (value < 10) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  const first = STEPS.findIndex(([, step]) => whole >= step);
  const [name, step] = STEPS[first]!;
  const head = `${Math.floor(whole / step)} ${name}`;
  const next = STEPS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole % step) / next[1]);
  return rest === 0 ? head : `${head} ${rest} ${next![0]}`;
}

/** An age in one unit, such as `5 s` or `3 min`: it changes no oftener than it has to. */
export function ageText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [name, step] = STEPS.find(([, size]) => whole >= size) ?? STEPS[STEPS.length - 1]!;
  return `${Math.floor(whole / step)} ${name}`;
}

/** Such as `1.5 MB`, in powers of 1,000. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const names = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let name = "B";
  while (value >= 999.5 && names.length > 0) {
    value /= 1_000;
    name = names.shift()!;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${name}`;
}

/**
 * Such as `12,345`. The browser's own formatters of numbers and dates are not used where a page's first
 * view needs them: to load their data takes it 20 ms and more, each.
 */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Such as `27 Nov 2026, 14:03:22`, in the reader's time zone; the number of a time that no calendar
 * has: clocks of endpoints tell any.
 */
export function instantText(secondsSince1970: number): string {
  const date = new Date(secondsSince1970 * 1_000);
  if (Number.isNaN(date.getTime())) return String(secondsSince1970);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}, ${time}`;
}

/** Such as `2026-11-27T14:03:22.000Z`; undefined for a time that no calendar has. */
export function isoText(secondsSince1970: number): string | undefined {
  const date = new Date(secondsSince1970 * 1_000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** The first part of a UUID, which is enough to tell it from its neighbours. */
export function shortId(id: string): string {
  return id.slice(-8);
}
