/**
 * The portable executable: a shell stub, the program's files as one zstd archive, and Deno's binary
 * as one gzip stream that reaches to the end of the file. The stub unpacks Deno with gzip, and Deno
 * unpacks the rest: it packs better than gzip, and the whole has to stay below 45 MB.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { gzip } from "libdeflate";
import { portableFlags } from "../../src/lib/program.ts";
import { join } from "../../src/lib/path.ts";
import { VERSION } from "../../src/lib/version.ts";
import type { BundledFile } from "./bundle.ts";
import type { Target } from "./targets.ts";

/** libdeflate's best. */
const BEST_GZIP_LEVEL = 12;

export interface PortableParts {
  readonly target: Target;
  /** Path of Deno's binary for the target. */
  readonly deno: string;
  readonly files: readonly BundledFile[];
  /** Keeps Deno's packed binary between builds. */
  readonly cacheFolder: string;
}

/** The bytes of the executable, in order. */
export function portableExecutable(parts: PortableParts): Uint8Array[] {
  const denoBytes = Deno.readFileSync(parts.deno);
  const deno = packDeno(denoBytes, parts.cacheFolder);
  const program = packProgram(parts.files);
  const unpackedSize = denoBytes.length +
    parts.files.reduce((sum, file) => sum + file.content.length, 0);
  const stub = makeStub({
    target: parts.target,
    id: digest(deno, program, stubTemplate(), unpackScript()).slice(0, 16),
    programLength: program.length,
    megabytes: Math.ceil(unpackedSize / 1e6) + 10,
  });
  return [stub, program, deno];
}

/**
 * libdeflate looks for the best way to write each block, which saves a megabyte against zlib's best
 * and takes half a minute, so the result is kept by the binary's content and the packer.
 */
function packDeno(bytes: Uint8Array, cacheFolder: string): Uint8Array {
  const cached = join(cacheFolder, `deno-${digest(bytes).slice(0, 16)}-libdeflate.gz`);
  try {
    return Deno.readFileSync(cached);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  console.log("Packing Deno, once for each version: half a minute");
  const packed = gzip(bytes, BEST_GZIP_LEVEL);
  Deno.mkdirSync(cacheFolder, { recursive: true });
  const temporary = `${cached}.${Deno.pid}`;
  Deno.writeFileSync(temporary, packed);
  Deno.renameSync(temporary, cached);
  return packed;
}

/** A line of JSON, `[[path, size], …]`, then the files one after the other. */
function packProgram(files: readonly BundledFile[]): Uint8Array {
  const header = JSON.stringify(files.map((file) => [`app/${file.path}`, file.content.length]));
  const archive = Buffer.concat([
    new TextEncoder().encode(`${header}\n`),
    ...files.map((file) => file.content),
  ]);
  return zstdCompressSync(archive, {
    params: {
      [constants.ZSTD_c_compressionLevel]: 22,
      [constants.ZSTD_c_windowLog]: 24,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}

/** The stub names the places of what follows it, and its own length depends on how long they are. */
function makeStub(options: {
  readonly target: Target;
  readonly id: string;
  readonly programLength: number;
  readonly megabytes: number;
}): Uint8Array {
  const fixed = {
    VERSION,
    TARGET: options.target.name,
    MACHINE: options.target.machine,
    ID: options.id,
    MEGABYTES: String(options.megabytes),
    FLAGS: portableFlags.join(" "),
    UNPACK: unpackScript(),
    PROGRAM_LENGTH: String(options.programLength),
  };
  for (let length = 0;;) {
    const stub = new TextEncoder().encode(fillIn(stubTemplate(), {
      ...fixed,
      PROGRAM_START: String(length + 1),
      DENO_START: String(length + options.programLength + 1),
    }));
    if (stub.length === length) return stub;
    length = stub.length;
  }
}

function fillIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`stub.sh has an unknown @${name}@`);
    return value;
  });
}

function stubTemplate(): string {
  return Deno.readTextFileSync(new URL("stub.sh", import.meta.url));
}

function unpackScript(): string {
  const script = Deno.readTextFileSync(new URL("unpack.js", import.meta.url))
    .replace(/^\/\/.*\n/gm, "").trim();
  if (script.includes("'")) throw new Error("unpack.js holds a single quote");
  return script;
}

function digest(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
