/**
 * What the requests that are being served may take in memory, all together. Each counts with what it
 * costs in any case and with its body as far as that has come, until its answer is made; so a client
 * that does not wait for answers is told to come again, before it fills the service's memory.
 */
import { FuncxError } from "../../contract/errors.ts";
import { MAX_REQUESTS_BYTES, REQUEST_OVERHEAD_BYTES } from "../../contract/limits.ts";

/** Of one request. */
export interface RoomShare {
  /** Takes so many bytes more. Throws `SERVICE_BUSY` when they are not to be had. */
  take(bytes: number): void;
  /** Gives back all that was taken. */
  release(): void;
}

/** Of a request that is answered in any case. */
export const NO_SHARE: RoomShare = { take: () => {}, release: () => {} };

export class RequestRoom {
  readonly #maximumBytes: number;
  #taken = 0;

  constructor(maximumBytes: number = MAX_REQUESTS_BYTES) {
    this.#maximumBytes = maximumBytes;
  }

  /** Bytes that requests have now. */
  get taken(): number {
    return this.#taken;
  }

  /** For a request that has come. Throws `SERVICE_BUSY` when there is no room for it. */
  open(): RoomShare {
    let share = 0;
    const take = (bytes: number): void => {
      if (this.#taken + bytes > this.#maximumBytes) throw busy(this.#maximumBytes);
      this.#taken += bytes;
      share += bytes;
    };
    const release = (): void => {
      this.#taken -= share;
      share = 0;
    };
    take(REQUEST_OVERHEAD_BYTES);
    return { take, release };
  }
}

function busy(maximumBytes: number): FuncxError {
  return new FuncxError({
    code: "SERVICE_BUSY",
    message: `the requests that the service is serving take the ${maximumBytes} bytes ` +
      "that it has for them; this one had no effect",
    hint: "Send it again after the seconds of Retry-After; wait for answers before sending more.",
  });
}
