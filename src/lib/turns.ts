/**
 * Turns by deficit: members in a ring, each with an allowance that grows by one quantum when its
 * turn begins and shrinks by what is charged. A turn ends when the allowance is used up; what was
 * charged beyond it is paid back in the next rounds. After M. Shreedhar and G. Varghese, "Efficient
 * fair queuing using deficit round robin" (1995), in the form that learns a cost only afterwards.
 *
 * Invariants:
 *
 * 1. Only the first member has an allowance above zero: it is its turn.
 * 2. Members that stayed from one moment to another were charged amounts that differ by at most one
 *    quantum and one largest charge.
 * 3. A step costs O(1): each member that is passed over pays off a quantum of an earlier charge.
 */

/** A member's place in the ring. */
export interface Turn<Member> {
  readonly member: Member;
  allowance: number;
  next: Turn<Member>;
  previous: Turn<Member>;
}

export class Turns<Member> {
  readonly #quantum: number;
  #first: Turn<Member> | undefined;

  /** `quantum` is what may be charged in one turn, above zero. */
  constructor(quantum: number) {
    this.#quantum = quantum;
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Takes part from now on, after all others. */
  join(member: Member): Turn<Member> {
    const turn = { member, allowance: 0 } as Turn<Member>;
    turn.next = this.#first ?? turn;
    turn.previous = this.#first?.previous ?? turn;
    turn.previous.next = turn;
    turn.next.previous = turn;
    this.#first ??= turn;
    return turn;
  }

  /** Takes part no more; its allowance, or its debt, is forgotten. */
  leave(turn: Turn<Member>): void {
    turn.previous.next = turn.next;
    turn.next.previous = turn.previous;
    if (this.#first === turn) this.#first = turn.next === turn ? undefined : turn.next;
  }

  /** Whose turn it is; the same member until it is charged or leaves. */
  current(): Member | undefined {
    if (this.#first === undefined) return undefined;
    while (this.#first.allowance <= 0) {
      this.#first.allowance += this.#quantum;
      if (this.#first.allowance <= 0) this.#first = this.#first.next;
    }
    return this.#first.member;
  }

  charge(turn: Turn<Member>, cost: number): void {
    turn.allowance -= cost;
    if (turn === this.#first && turn.allowance <= 0) this.#first = turn.next;
  }
}
