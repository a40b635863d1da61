/**
 * How long tasks took, counted in buckets that grow by the fourth root of two: what is told of them is
 * less than a tenth beside the truth, and a task costs one increment. Instances may be added.
 */
const PER_DOUBLING = 4;
/** Of about ten days; what takes longer is in it too. */
const LAST = 120;

export class Durations {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** @param entries buckets, each followed by its count */
  static of(entries: readonly number[]): Durations {
    const durations = new Durations();
    for (let index = 0; index + 1 < entries.length; index += 2) {
      durations.#add(entries[index]!, entries[index + 1]!);
    }
    return durations;
  }

  add(milliseconds: number): void {
    const bucket = milliseconds < 1 ? 0 : Math.floor(Math.log2(milliseconds) * PER_DOUBLING) + 1;
    this.#add(Math.min(bucket, LAST), 1);
  }

  addAll(other: Durations): void {
    for (const [bucket, count] of other.#counts) this.#add(bucket, count);
  }

  #add(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#total += count;
  }

  /** Seconds within which a share of the tasks ended, about; null without any. */
  quantile(share: number): number | null {
    let rank = Math.max(Math.ceil(this.#total * share), 1);
    for (const [bucket, count] of this.#ordered()) {
      rank -= count;
      if (rank <= 0) return middleOf(bucket) / 1_000;
    }
    return null;
  }

  /** As {@link Durations.of} takes them. */
  entries(): number[] {
    return this.#ordered().flat();
  }

  #ordered(): [bucket: number, count: number][] {
    return [...this.#counts].toSorted(([left], [right]) => left - right);
  }
}

/** Milliseconds. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : 2 ** ((bucket - 0.5) / PER_DOUBLING);
}
