/**
 * Which managers an agent has, for the next one: after a kill it waits for these, and for no others,
 * before it counts the attempts as lost that were under way. A line is appended when one comes and
 * when it goes, which outlives the agent though not the machine's power; with that, what is forgotten
 * costs an attempt.
 */
import * as v from "valibot";
import { readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { ManagerIdentity } from "./remote_manager.ts";

const log = logger("managers");

const LineSchema = v.object({
  managerId: v.string(),
  blockId: v.string(),
  hostname: v.string(),
  gone: v.optional(v.boolean()),
});

export class KnownManagers implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  /** Those of the last agent. */
  readonly earlier: readonly ManagerIdentity[];

  /** Reads what the last agent has left, and begins anew with it. Throws the system's error. */
  constructor(path: string) {
    this.earlier = read(path);
    writePrivateFile(path, this.earlier.map(lineOf).join(""));
    this.#file = Deno.openSync(path, { append: true });
  }

  /** Throws the system's error. */
  came(manager: ManagerIdentity): void {
    this.#append(lineOf(manager));
  }

  /** What cannot be written is only waited for in vain. */
  went({ managerId, blockId, hostname }: ManagerIdentity): void {
    try {
      this.#append(lineOf({ managerId, blockId, hostname, gone: true }));
    } catch (thrown) {
      log.warning("{managerId} cannot be noted as gone: {reason}", {
        managerId,
        reason: messageOf(thrown),
      });
    }
  }

  #append(line: string): void {
    this.#file.writeSync(this.#encoder.encode(line));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

function read(path: string): ManagerIdentity[] {
  const known = new Map<string, ManagerIdentity>();
  for (const line of (readIfPresent(path) ?? "").split("\n")) {
    const manager = parse(line);
    if (manager === undefined) continue;
    const { managerId, blockId, hostname } = manager;
    if (manager.gone === true) known.delete(managerId);
    else known.set(managerId, { managerId, blockId, hostname });
  }
  return [...known.values()];
}

/** Undefined for half a line, which a kill may leave. */
function parse(line: string): v.InferOutput<typeof LineSchema> | undefined {
  try {
    const parsed = v.safeParse(LineSchema, JSON.parse(line));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function lineOf(
  { managerId, blockId, hostname, gone }: ManagerIdentity & { gone?: boolean },
): string {
  return JSON.stringify({ managerId, blockId, hostname, ...(gone ? { gone } : {}) }) + "\n";
}
