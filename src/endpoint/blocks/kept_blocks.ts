/** The blocks of an endpoint in memory: those that live, and the last ones that have ended. */
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { type Block, isLive, type LiveState } from "./block.ts";

const log = logger("blocks");

/** Ended blocks whose script and output are kept. */
const MAX_ENDED = 50;

export class KeptBlocks {
  readonly #blocks = new Map<string, Block>();
  readonly #idleSince = new Map<string, number>();

  /** @param blocks the newest first */
  constructor(blocks: readonly Block[]) {
    for (const block of blocks.toReversed()) this.#blocks.set(block.blockId, block);
  }

  /** The newest first. */
  get all(): readonly Block[] {
    return [...this.#blocks.values()].reverse();
  }

  get live(): readonly (Block & { readonly state: LiveState })[] {
    return [...this.#blocks.values()].filter(isLive);
  }

  get(blockId: string): Block | undefined {
    return this.#blocks.get(blockId);
  }

  /** Adds it, or puts it in the place of the one before. */
  set(block: Block): void {
    this.#blocks.set(block.blockId, block);
    if (isLive(block)) return;
    this.#idleSince.delete(block.blockId);
    const ended = [...this.#blocks.values()].filter((each) => !isLive(each));
    for (const { blockId, folder } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#blocks.delete(blockId);
      remove(folder);
    }
  }

  /** Milliseconds since 1970; null while something needs it. */
  idleSince(blockId: string): number | null {
    return this.#idleSince.get(blockId) ?? null;
  }

  /** Whether nothing needs the block at the moment. */
  idle(blockId: string, isIdle: boolean, now: number): void {
    if (!isIdle) this.#idleSince.delete(blockId);
    else if (!this.#idleSince.has(blockId)) this.#idleSince.set(blockId, now);
  }
}

function remove(folder: string): void {
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return;
    log.warning("{folder} could not be removed: {reason}", { folder, reason: messageOf(thrown) });
  }
}
