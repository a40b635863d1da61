/**
 * What a restarted agent needs so that its managers find it again: certificate, key, port, and the
 * tokens of blocks. One 0600 file in the endpoint's state folder, the only place of the key.
 */
import * as v from "valibot";
import { CONNECTION_FILE, type ManagerConnection } from "../../contract/manager_connection.ts";
import { ensurePrivateFolder, readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { dirname, join } from "../../lib/path.ts";
import { makeCredentials } from "./certificate.ts";

const log = logger("managers");

const BlockSchema = v.object({
  token: v.string(),
  /** For the way by the service, where that is taken. */
  relayToken: v.optional(v.string()),
  /** Absolute. */
  folder: v.string(),
  workers: v.union([v.literal("auto"), v.number()]),
});
const LinkFileSchema = v.object({
  version: v.literal(1),
  certificate: v.string(),
  key: v.string(),
  port: v.nullable(v.number()),
  blocks: v.record(v.string(), BlockSchema),
});
type LinkState = v.InferOutput<typeof LinkFileSchema>;
export type LinkBlock = v.InferOutput<typeof BlockSchema>;

const TOKEN_BYTES = 32;

export class LinkFile {
  readonly #path: string;
  #state: LinkState;

  private constructor(path: string, state: LinkState) {
    this.#path = path;
    this.#state = state;
  }

  /** Reads the file, or makes one with new credentials. Throws the system's error. */
  static async open(path: string): Promise<LinkFile> {
    ensurePrivateFolder(dirname(path));
    const state = read(path);
    if (state !== undefined) return new LinkFile(path, state);
    const file = new LinkFile(path, {
      version: 1,
      ...await makeCredentials(),
      port: null,
      blocks: {},
    });
    file.#write();
    return file;
  }

  get credentials(): Pick<LinkState, "certificate" | "key"> {
    return this.#state;
  }

  /** On which the last agent listened. */
  get port(): number | null {
    return this.#state.port;
  }

  set port(port: number) {
    if (port === this.#state.port) return;
    this.#state = { ...this.#state, port };
    this.#write();
  }

  get blocks(): ReadonlyMap<string, LinkBlock> {
    return new Map(Object.entries(this.#state.blocks));
  }

  tokenOf(blockId: string): string | undefined {
    return Object.hasOwn(this.#state.blocks, blockId)
      ? this.#state.blocks[blockId]!.token
      : undefined;
  }

  /** A new block with tokens of its own. */
  addBlock(blockId: string, folder: string, workers: LinkBlock["workers"]): LinkBlock {
    const block = { token: makeToken(), relayToken: makeToken(), folder, workers };
    this.#state = { ...this.#state, blocks: { ...this.#state.blocks, [blockId]: block } };
    this.#write();
    return block;
  }

  /** Its token opens nothing any more. */
  removeBlock(blockId: string): void {
    const { [blockId]: removed, ...blocks } = this.#state.blocks;
    if (removed === undefined) return;
    this.#state = { ...this.#state, blocks };
    try {
      this.#write();
    } catch (thrown) {
      // Its token is only forgotten with the next change.
      log.error("{path} could not be written: {reason}", {
        path: this.#path,
        reason: messageOf(thrown),
      });
    }
  }

  #write(): void {
    writePrivateFile(this.#path, `${JSON.stringify(this.#state, null, 2)}\n`);
  }
}

function makeToken(): string {
  return crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/** A damaged file is made anew: managers of before, which trust another certificate, end by themselves. */
function read(path: string): LinkState | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return v.parse(LinkFileSchema, JSON.parse(text));
  } catch (thrown) {
    log.error("{path} is damaged and made anew: {reason}", { path, reason: messageOf(thrown) });
    return undefined;
  }
}

/** @returns the path of the file, 0600 in a 0700 folder. Throws the system's error. */
export function writeConnectionFile(folder: string, connection: ManagerConnection): string {
  ensurePrivateFolder(folder);
  const path = join(folder, CONNECTION_FILE);
  writePrivateFile(path, `${JSON.stringify(connection, null, 2)}\n`);
  return path;
}
