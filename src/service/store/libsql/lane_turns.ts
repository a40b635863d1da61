/**
 * Whose turn it is among keys that lie in a database: the deficit round robin of `lib/fair_queue.ts`
 * for queues that are too long to have their lanes in memory. A key is a whole number; the ring is
 * the keys in their order, which goes on after the last with the first.
 *
 * 1. Whoever waits all the while is charged what the others are, but for one quantum and one largest
 *    cost.
 * 2. Only the key whose turn it is and those that took more than their turn are remembered, the
 *    latter up to `MAXIMUM_DEBTS`. A key for which nothing waits any more owes nothing.
 */

/** The first key for which something waits, at or after `from`; undefined when there is none. */
export type FirstWaiting = (from: number) => number | undefined;

const MAXIMUM_DEBTS = 10_000;

export class LaneTurns {
  readonly #quantum: number;
  readonly #debts = new Map<number, number>();
  #current = 0;
  #allowance = 0;

  /** `quantum`: the cost of what goes in one turn. */
  constructor(quantum: number) {
    this.#quantum = quantum;
  }

  /** What the key that {@link next} gave may still cost in this turn; the last item may exceed it. */
  get allowance(): number {
    return this.#allowance;
  }

  /** The key whose turn it is; undefined when nothing waits. */
  next(firstWaiting: FirstWaiting): number | undefined {
    let key = firstWaiting(this.#current);
    if (key === this.#current && this.#allowance > 0) return key;
    if (key === this.#current) {
      this.#owe();
      key = firstWaiting(key + 1);
    }
    while (true) {
      key ??= firstWaiting(0);
      if (key === undefined) return undefined;
      this.#begin(key);
      if (this.#allowance > 0) return key;
      this.#owe();
      key = firstWaiting(key + 1);
    }
  }

  /** Something of this cost, above zero, was taken in the turn. */
  charge(cost: number): void {
    this.#allowance -= cost;
  }

  #begin(key: number): void {
    this.#current = key;
    this.#allowance = this.#quantum - (this.#debts.get(key) ?? 0);
    this.#debts.delete(key);
  }

  #owe(): void {
    if (this.#allowance >= 0) return;
    this.#debts.set(this.#current, -this.#allowance);
    if (this.#debts.size <= MAXIMUM_DEBTS) return;
    for (const [oldest] of this.#debts) return void this.#debts.delete(oldest);
  }
}
