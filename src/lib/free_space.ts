/** Room on a disk, asked seldom. */
import { statfsSync } from "node:fs";

/** Bytes that this user may still write to the disk of `path`; undefined when it cannot be asked. */
export function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Knows whether a disk has room, without asking the system for every small write. */
export class DiskRoom {
  readonly #path: string;
  readonly #reserve: number;
  readonly #free: (path: string) => number | undefined;
  /** Bytes that may be written before asking again. */
  #known = 0;
  #askedAt = -Infinity;

  /**
   * @param reserve bytes that have to stay free.
   * @param free replaced in tests.
   */
  constructor(path: string, reserve: number, free = freeBytes) {
    this.#path = path;
    this.#reserve = reserve;
    this.#free = free;
  }

  /** Whether `bytes` more leave the reserve free; true when the system does not tell. */
  takes(bytes: number): boolean {
    const now = performance.now();
    if (bytes > this.#known || now - this.#askedAt > ASK_INTERVAL) {
      const free = this.#free(this.#path);
      if (free === undefined) return true;
      this.#askedAt = now;
      // Others write to the disk too, so only a part of what is free is counted on.
      this.#known = (free - this.#reserve) / 2;
    }
    if (bytes > this.#known) return false;
    this.#known -= bytes;
    return true;
  }
}

/** Milliseconds. */
const ASK_INTERVAL = 1_000;
