/**
 * Who goes next where several owners wait: deficit round robin among the owners, and within an
 * owner among its lanes of the highest priority that waits. A lane is what one group has waiting at
 * one priority, first come first served.
 *
 * `FairLanes` decides between lanes and knows nothing of what waits in them, so that it may lie in
 * a database; `FairQueue` is a queue in memory on top of it.
 *
 * Invariants:
 *
 * 1. As long as something waits, something is next.
 * 2. Owners that both waited all the while were charged amounts that differ by at most one quantum
 *    and one largest cost; so were lanes of one owner at its highest priority.
 * 3. Nothing is kept of lanes and owners for which nothing waits; one that comes back starts anew,
 *    after those that wait.
 * 4. A step costs O(1), whatever the number of owners, lanes and items.
 */
import { Fifo } from "./fifo.ts";
import { type Turn, Turns } from "./turns.ts";

/** What the order depends on. Higher priorities go first, within an owner only. */
export interface FairLane<Owner> {
  readonly owner: Owner;
  readonly priority: number;
}

/** The lanes of one owner. */
interface OwnerLanes<Owner, Lane> {
  readonly owner: Owner;
  readonly levels: Map<number, Turns<Lane>>;
  /** Keys of `levels`, highest first. */
  readonly priorities: number[];
}

interface Place<Owner, Lane> {
  readonly owner: Turn<OwnerLanes<Owner, Lane>>;
  readonly turn: Turn<Lane>;
}

export class FairLanes<Owner, Lane extends FairLane<Owner>> {
  readonly #quantum: number;
  readonly #turns: Turns<OwnerLanes<Owner, Lane>>;
  readonly #owners = new Map<Owner, Turn<OwnerLanes<Owner, Lane>>>();
  readonly #places = new Map<Lane, Place<Owner, Lane>>();

  /** `quantum`: the cost of what goes in one turn; 1 mixes most finely. */
  constructor(quantum = 1) {
    this.#quantum = quantum;
    this.#turns = new Turns(quantum);
  }

  /** How many lanes wait. */
  get size(): number {
    return this.#places.size;
  }

  has(lane: Lane): boolean {
    return this.#places.has(lane);
  }

  /** Something waits in the lane; nothing changes when that was known. */
  add(lane: Lane): void {
    if (this.#places.has(lane)) return;
    let owner = this.#owners.get(lane.owner);
    if (owner === undefined) {
      owner = this.#turns.join({ owner: lane.owner, levels: new Map(), priorities: [] });
      this.#owners.set(lane.owner, owner);
    }
    const turn = this.#level(owner.member, lane.priority).join(lane);
    this.#places.set(lane, { owner, turn });
  }

  /** Nothing waits in the lane any more. */
  delete(lane: Lane): void {
    const place = this.#places.get(lane);
    if (place === undefined) return;
    this.#places.delete(lane);
    const { levels, priorities, owner } = place.owner.member;
    const level = levels.get(lane.priority)!;
    level.leave(place.turn);
    if (!level.isEmpty) return;
    levels.delete(lane.priority);
    priorities.splice(priorities.indexOf(lane.priority), 1);
    if (priorities.length > 0) return;
    this.#owners.delete(owner);
    this.#turns.leave(place.owner);
  }

  /** The lane from which to take; the same one until something is charged or changes. */
  next(): Lane | undefined {
    const owner = this.#turns.current();
    if (owner === undefined) return undefined;
    return owner.levels.get(owner.priorities[0]!)!.current();
  }

  /** Something of this cost, above zero, was taken from the lane; call it before `delete`. */
  charge(lane: Lane, cost: number): void {
    const place = this.#places.get(lane);
    if (place === undefined) return;
    place.owner.member.levels.get(lane.priority)!.charge(place.turn, cost);
    this.#turns.charge(place.owner, cost);
  }

  #level({ levels, priorities }: OwnerLanes<Owner, Lane>, priority: number): Turns<Lane> {
    let level = levels.get(priority);
    if (level === undefined) {
      level = new Turns(this.#quantum);
      levels.set(priority, level);
      const below = priorities.findIndex((other) => other < priority);
      priorities.splice(below === -1 ? priorities.length : below, 0, priority);
    }
    return level;
  }
}

/** Where an item waits. */
export interface FairPlace<Owner, Group> extends FairLane<Owner> {
  readonly group: Group;
}

interface ItemLane<Owner, Group, Item> extends FairPlace<Owner, Group> {
  readonly items: Fifo<{ readonly item: Item; readonly cost: number }>;
}

/** The lanes of an owner by group, then by priority. */
type Groups<Owner, Group, Item> = Map<Group, Map<number, ItemLane<Owner, Group, Item>>>;

export class FairQueue<Owner, Group, Item> {
  readonly #lanes: FairLanes<Owner, ItemLane<Owner, Group, Item>>;
  readonly #owners = new Map<Owner, Groups<Owner, Group, Item>>();
  #size = 0;

  constructor(quantum = 1) {
    this.#lanes = new FairLanes(quantum);
  }

  /** How many items wait. */
  get size(): number {
    return this.#size;
  }

  /** `cost` is above zero. */
  push(item: Item, place: FairPlace<Owner, Group>, cost = 1): void {
    const lane = this.#lane(place);
    lane.items.push({ item, cost });
    this.#lanes.add(lane);
    this.#size += 1;
  }

  /** The item whose turn it is. */
  peek(): Item | undefined {
    return this.#lanes.next()?.items.peek()?.item;
  }

  /** Takes the item whose turn it is. */
  shift(): Item | undefined {
    const lane = this.#lanes.next();
    if (lane === undefined) return undefined;
    const { item, cost } = lane.items.shift()!;
    this.#size -= 1;
    this.#lanes.charge(lane, cost);
    if (lane.items.peek() === undefined) this.#forget(lane);
    return item;
  }

  #lane(place: FairPlace<Owner, Group>): ItemLane<Owner, Group, Item> {
    const { owner, group, priority } = place;
    const groups = this.#owners.get(owner) ?? new Map();
    this.#owners.set(owner, groups);
    const lanes = groups.get(group) ?? new Map();
    groups.set(group, lanes);
    const lane = lanes.get(priority) ?? { owner, group, priority, items: new Fifo() };
    lanes.set(priority, lane);
    return lane;
  }

  #forget(lane: ItemLane<Owner, Group, Item>): void {
    this.#lanes.delete(lane);
    const groups = this.#owners.get(lane.owner)!;
    const lanes = groups.get(lane.group)!;
    lanes.delete(lane.priority);
    if (lanes.size > 0) return;
    groups.delete(lane.group);
    if (groups.size === 0) this.#owners.delete(lane.owner);
  }
}
