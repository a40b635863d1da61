/** The files of the portal: which there are, and each in the codings that browsers take. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { extname, join } from "../../lib/path.ts";

export type Coding = "br" | "gzip" | "identity";

interface FileType {
  readonly mediaType: string;
  readonly compresses: boolean;
}

const TYPES: Readonly<Record<string, FileType>> = {
  ".html": { mediaType: "text/html; charset=utf-8", compresses: true },
  ".js": { mediaType: "text/javascript; charset=utf-8", compresses: true },
  ".css": { mediaType: "text/css; charset=utf-8", compresses: true },
  ".json": { mediaType: "application/json", compresses: true },
  ".svg": { mediaType: "image/svg+xml", compresses: true },
  ".txt": { mediaType: "text/plain; charset=utf-8", compresses: true },
  ".png": { mediaType: "image/png", compresses: false },
  ".ico": { mediaType: "image/x-icon", compresses: false },
  ".woff2": { mediaType: "font/woff2", compresses: false },
};
const OTHER_TYPE: FileType = { mediaType: "application/octet-stream", compresses: false };

/** Below, a compressed answer takes as many packets. */
const MIN_COMPRESSED_BYTES = 1_000;
/** Out of 11: nearly as small as with 11, in a tenth of the time. */
const BROTLI_QUALITY = 9;

/** One file; what it was compressed to is kept. */
export class PortalFile {
  readonly mediaType: string;
  /** Of the content, whatever its coding. */
  readonly hash: string;
  readonly codings: readonly Coding[];
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #coded = new Map<Coding, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(name: string, bytes: Uint8Array<ArrayBuffer>) {
    const { mediaType, compresses } = TYPES[extname(name)] ?? OTHER_TYPE;
    this.mediaType = mediaType;
    this.hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
    const isCompressed = compresses && bytes.length >= MIN_COMPRESSED_BYTES;
    this.codings = isCompressed ? ["br", "gzip", "identity"] : ["identity"];
    this.#bytes = bytes;
  }

  bytes(coding: Coding): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#coded.get(coding) ?? encode(this.#bytes, coding);
    this.#coded.set(coding, known);
    return known;
  }
}

/**
 * The files below a folder. Their names are read once, at the first request for any, and nothing else
 * is ever read: a path is looked up in that list and never resolved.
 */
export class PortalFiles {
  readonly #folder: string;
  readonly #files = new Map<string, PortalFile>();
  #names: ReadonlySet<string> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `name` relative to the folder, with slashes; undefined when there is none. */
  async get(name: string): Promise<PortalFile | undefined> {
    this.#names ??= new Set(namesIn(this.#folder, ""));
    if (!this.#names.has(name)) return undefined;
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const file = new PortalFile(name, await Deno.readFile(join(this.#folder, name)));
    this.#files.set(name, file);
    return file;
  }
}

/** Plain files alone: a link could lead out of the folder. */
function* namesIn(folder: string, prefix: string): Generator<string> {
  for (const { name, isFile, isDirectory } of entriesOf(folder)) {
    if (isFile) yield prefix + name;
    if (isDirectory) yield* namesIn(join(folder, name), `${prefix}${name}/`);
  }
}

/** None for a folder that is not there: a checkout whose portal was not made yet. */
function entriesOf(folder: string): readonly Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

async function encode(
  bytes: Uint8Array<ArrayBuffer>,
  coding: Coding,
): Promise<Uint8Array<ArrayBuffer>> {
  switch (coding) {
    case "br": {
      const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
      return new Uint8Array(await promisify(brotliCompress)(bytes, { params }));
    }
    case "gzip":
      return new Uint8Array(await promisify(gzip)(bytes));
    case "identity":
      return bytes;
  }
}
