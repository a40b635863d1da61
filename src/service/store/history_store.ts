/** What endpoints did, minute by minute. See `store.ts`; minutes are numbered since 1970. */
import type { EndpointId } from "../../contract/ids.ts";

/** How busy an endpoint is, or was on average. */
export interface Load {
  readonly workers: number;
  readonly busyWorkers: number;
  /** That the endpoint has and that have not ended. */
  readonly queuedTasks: number;
}

export interface EndpointMinute {
  readonly minute: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Buckets of `history/durations.ts`, each followed by its count. */
  readonly durations: readonly number[];
  /** Of the minute; null while it was offline. */
  readonly mean: Load | null;
  /** At its end, and until the next minute that is stored. */
  readonly level: Load | null;
}

/** From one minute to another one, both of them included. */
export interface MinuteSpan {
  readonly first: number;
  readonly last: number;
}

export interface HistoryStore {
  /** The service measures, whole minutes from `first` on; resolves to the run for {@link append}. */
  begin(first: number): Promise<number>;
  /** All of a minute that is over; also says that it was measured. Deletes what is too old. */
  append(
    run: number,
    minute: number,
    rows: readonly { readonly endpointId: EndpointId; readonly row: EndpointMinute }[],
  ): Promise<void>;
  /** In order, with the last one before, which holds until the first; perhaps two of one minute. */
  minutes(endpointId: EndpointId, span: MinuteSpan): Promise<readonly EndpointMinute[]>;
  /** When the service measured, in order. */
  measured(span: MinuteSpan): Promise<readonly MinuteSpan[]>;
  /** Tasks that ended at each endpoint in each minute from one on. */
  ends(
    first: number,
  ): Promise<readonly { readonly endpointId: EndpointId; minute: number; count: number }[]>;
}
