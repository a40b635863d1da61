/** Numbers the states of each viewer's list, so that a page notices that one came while another went. */
import type { UserId } from "../../contract/ids.ts";
import type { Entry } from "./endpoint_filter.ts";

export interface ListState {
  readonly endpoints: number;
  readonly online: number;
  /** Grows whenever an endpoint has come to the list or gone from it, or is connected or is no more. */
  readonly version: number;
}

interface KnownList extends ListState {
  /** Twice the place of each endpoint, and one more when it is online. */
  readonly marks: readonly number[];
}

export class ListVersions {
  readonly #now: () => number;
  readonly #lists = new Map<UserId, KnownList>();

  /** @param now milliseconds since 1970: so a version is above those of earlier runs */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param entries in an order in which each keeps its place */
  of(
    viewer: UserId,
    entries: readonly Entry[],
    isOnline: (entry: Entry) => boolean,
  ): ListState {
    const marks = entries.map((entry) => 2 * entry.position + (isOnline(entry) ? 1 : 0));
    const known = this.#lists.get(viewer);
    if (known !== undefined && isSame(known.marks, marks)) return stateOf(known);
    const online = marks.reduce((count, mark) => count + mark % 2, 0);
    const version = Math.max((known?.version ?? 0) + 1, this.#now());
    const list = { endpoints: entries.length, online, version, marks };
    this.#lists.set(viewer, list);
    return stateOf(list);
  }
}

function stateOf({ endpoints, online, version }: KnownList): ListState {
  return { endpoints, online, version };
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((mark, index) => mark === right[index]);
}
