/** Numbers drawn from a seed: the same seed gives the same numbers, on every machine. */

/** mulberry32, a 32-bit generator; good enough to choose faults, nothing more. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds have to give unlike numbers from the first one on.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }

  /** One of the keys, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries<number>(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries.at(-1)![0];
  }

  /** Log-uniform from `low` to `high`; `skew` above 1 makes small numbers likelier still. */
  logUniform(low: number, high: number, skew = 1): number {
    return Math.round(low * (high / low) ** (this.next() ** skew));
  }

  /** A generator of its own, so that what it draws does not shift what comes after. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
}
