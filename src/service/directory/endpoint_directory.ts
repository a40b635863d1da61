/**
 * All endpoints by what they are looked for: a few words of each in memory, beside what the hub knows
 * of the connected ones. With ten thousand of them a page is chosen in some milliseconds, by values
 * that no index of a database could keep up with.
 *
 * A page begins after the value and the place of the last row of the one before. While nothing
 * changes each row comes once; one whose value changes meanwhile may come twice or not at all.
 */
import type { EndpointOrder, SiteSummary } from "../../contract/api.ts";
import type { EndpointId, UserId } from "../../contract/ids.ts";
import type { TaskRates } from "../history/task_rates.ts";
import type { Hub } from "../hub/hub.ts";
import { decodeCursor, foreignCursor, pageOf } from "../store/cursor.ts";
import type { EndpointStore, Page, PageQuery, StoredEndpoint } from "../store/store.ts";
import { best } from "./best.ts";
import { type EndpointFilter, type Entry, entryOf, fits } from "./endpoint_filter.ts";
import { type ListState, ListVersions } from "./list_versions.ts";
import { siteOf } from "./site.ts";

export interface EndpointPageQuery extends EndpointFilter, PageQuery {
  /** By name when it is left out. */
  readonly order?: EndpointOrder;
  readonly reverse?: boolean;
}

export interface DirectoryOptions {
  readonly endpoints: EndpointStore;
  readonly hub: Pick<Hub, "isOnline" | "status">;
  readonly rates: TaskRates;
  readonly now: () => number;
}

/** An entry with the value by which it is ordered. */
interface Placed {
  readonly entry: Entry;
  readonly value: string | number;
}

/** Before those that are heard from now. */
const NOW = Number.MAX_SAFE_INTEGER;

export class EndpointDirectory {
  readonly #options: DirectoryOptions;
  /** An entry keeps its place when it changes. */
  readonly #entries = new Map<EndpointId, Entry>();
  readonly #versions: ListVersions;
  /** Endpoints that have changed since they were read; undefined before all were read. */
  #changed: Set<EndpointId> | undefined;
  /** The reading that is under way. */
  #reading: Promise<void> | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#versions = new ListVersions(options.now);
    options.endpoints.onChange((endpointId) => this.#changed?.add(endpointId));
  }

  /** Those that the viewer may use and that fit. */
  async fitting(filter: EndpointFilter): Promise<readonly Entry[]> {
    await this.#current();
    const { hub } = this.#options;
    const matches = fits(filter, ({ endpointId }) => hub.isOnline(endpointId));
    return [...this.#entries.values()].filter(matches);
  }

  /** All that the viewer may use. */
  async listState(viewer: UserId): Promise<ListState> {
    const { hub } = this.#options;
    const entries = await this.fitting({ viewer });
    return this.#versions.of(viewer, entries, ({ endpointId }) => hub.isOnline(endpointId));
  }

  async page(query: EndpointPageQuery): Promise<Page<StoredEndpoint>> {
    const { limit, order = "name", reverse = false } = query;
    const list = reverse ? `${order} reversed` : order;
    const direction = (order === "name") === reverse ? -1 : 1;
    const compare = (left: Placed, right: Placed): number => direction * byValue(left, right);
    const after = query.cursor === undefined ? undefined : placeOf(query.cursor, order, list);
    const placed = (await this.fitting(query))
      .map((entry) => ({ entry, value: this.#value(entry, order) }))
      .filter((one) => after === undefined || direction * byPlace(one, after) > 0);
    const page = pageOf(
      best(placed, limit + 1, compare),
      limit,
      ({ entry }) => entry.endpointId,
      ({ entry, value }) => [list, value, entry.position],
    );
    return { ...page, items: await this.#options.endpoints.several(page.items) };
  }

  /** The site with most endpoints first. */
  async sites(filter: EndpointFilter): Promise<SiteSummary[]> {
    const bySite = Map.groupBy(await this.fitting(filter), ({ site }) => site);
    return [...bySite].map(([site, entries]) => this.#site(site, entries)).toSorted((left, right) =>
      right.endpoints - left.endpoints || (left.site < right.site ? -1 : 1)
    );
  }

  #site(site: string, entries: readonly Entry[]): SiteSummary {
    const { endpoints, hub } = this.#options;
    const sum = { online: 0, workers: 0, idle_workers: 0, queued_tasks: 0 };
    for (const { endpointId, position } of entries) {
      if (hub.isOnline(endpointId)) sum.online++;
      sum.workers += hub.status(endpointId)?.total_workers ?? 0;
      sum.idle_workers += hub.status(endpointId)?.idle_workers ?? 0;
      sum.queued_tasks += endpoints.queuedTasks(position);
    }
    return { site, endpoints: entries.length, ...sum };
  }

  #value(entry: Entry, order: EndpointOrder): string | number {
    const { endpoints, hub, rates, now } = this.#options;
    const { endpointId } = entry;
    switch (order) {
      case "name":
        return entry.sortName;
      case "last_seen":
        return hub.isOnline(endpointId) ? NOW : entry.lastSeen ?? 0;
      case "created":
        return entry.createdAt;
      // Those that are offline after those without workers.
      case "workers":
        return hub.status(endpointId)?.total_workers ?? -1;
      case "idle":
        return hub.status(endpointId)?.idle_workers ?? -1;
      case "queue":
        return endpoints.queuedTasks(entry.position);
      case "rate":
        return rates.recent(endpointId, now());
    }
  }

  /** Resolves when the entries are as the store was when this was called, or later. */
  async #current(): Promise<void> {
    // What was being read may be older than what the caller has just written.
    await this.#reading;
    if (this.#changed?.size === 0) return;
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    await this.#reading;
  }

  async #read(): Promise<void> {
    const changed = this.#changed === undefined ? undefined : [...this.#changed];
    // From here on changes are noted for the next reading.
    this.#changed = new Set();
    try {
      const outlines = await this.#options.endpoints.outlines(changed);
      const gone = new Set(changed);
      for (const outline of outlines) {
        const site = siteOf(outline.namedSite, outline.hostname);
        this.#entries.set(outline.endpointId, entryOf(outline, site));
        gone.delete(outline.endpointId);
      }
      for (const endpointId of gone) this.#entries.delete(endpointId);
    } catch (thrown) {
      this.#entries.clear();
      this.#changed = undefined;
      throw thrown;
    }
  }
}

function byValue(left: Placed, right: Placed): number {
  return byPlace(left, [right.value, right.entry.position]);
}

/** Values of one order are all of one type. */
function byPlace(
  { entry, value }: Placed,
  [otherValue, otherPosition]: readonly [value: string | number, position: number],
): number {
  if (value !== otherValue) return value < otherValue ? -1 : 1;
  return entry.position - otherPosition;
}

function placeOf(
  cursor: string,
  order: EndpointOrder,
  list: string,
): readonly [value: string | number, position: number] {
  const example: readonly [string, string | number, number] = ["", order === "name" ? "" : 0, 0];
  const [from, value, position] = decodeCursor(cursor, example);
  if (from !== list) throw foreignCursor();
  return [value, position];
}
