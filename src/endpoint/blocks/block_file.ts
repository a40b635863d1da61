/**
 * The blocks of an endpoint on disk, so that an agent that was killed knows its jobs again: what has
 * been asked for is written before the scheduler is asked, and the job's id as soon as it is known.
 */
import * as v from "valibot";
import { ensurePrivateFolder, readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { dirname, join } from "../../lib/path.ts";
import { BLOCK_FOLDER } from "../cluster_folders.ts";
import type { Block } from "./block.ts";

const log = logger("blocks");

const jobId = v.nullable(v.string());

const StateSchema = v.variant("kind", [
  v.object({ kind: v.literal("submitting"), isInDoubt: v.boolean() }),
  v.object({ kind: v.literal("queued"), jobId: v.string(), reason: v.string() }),
  v.object({
    kind: v.literal("running"),
    jobId,
    since: v.number(),
    nodes: v.array(v.string()),
  }),
  v.object({
    kind: v.literal("ending"),
    jobId: v.string(),
    reason: v.string(),
    since: v.number(),
  }),
  v.object({ kind: v.literal("ended"), jobId, at: v.number(), reason: v.string() }),
]);

const FileSchema = v.object({
  version: v.literal(1),
  blocks: v.array(v.object({
    blockId: v.string(),
    folder: v.string(),
    submittedAt: v.number(),
    state: StateSchema,
    managers: v.picklist(["expected", "there", "gone"]),
  })),
});

/** Where the blocks of an endpoint are, below its state folder. */
export function blockFilePath(stateDir: string): string {
  return join(stateDir, BLOCK_FOLDER, "blocks.json");
}

/** The newest first; none without a file. Throws when it is damaged. */
export function readBlocks(path: string): Block[] {
  const text = readIfPresent(path);
  return text === undefined ? [] : v.parse(FileSchema, JSON.parse(text)).blocks;
}

export class BlockFile {
  readonly #path: string;
  #written = "";

  /** @param path in a folder that is made, 0700, when it is missing. Throws the system's error. */
  constructor(path: string) {
    ensurePrivateFolder(dirname(path));
    this.#path = path;
  }

  /**
   * Those of the last agent. A damaged file is kept beside the new one: its jobs are still known to
   * the scheduler, and end by themselves when their managers find that nobody knows them.
   */
  read(): Block[] {
    try {
      return readBlocks(this.#path);
    } catch (thrown) {
      const kept = `${this.#path}.damaged`;
      Deno.renameSync(this.#path, kept);
      log.error("{path} is damaged and was renamed to {kept}: {reason}", {
        path: this.#path,
        kept,
        reason: messageOf(thrown),
      });
      return [];
    }
  }

  /** Whole or not at all, and only what has changed. Throws the system's error. */
  write(blocks: readonly Block[]): void {
    const text = `${JSON.stringify({ version: 1, blocks }, null, 2)}\n`;
    if (text === this.#written) return;
    writePrivateFile(this.#path, text);
    this.#written = text;
  }
}
