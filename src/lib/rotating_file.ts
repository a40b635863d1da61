/**
 * A file that is appended to and moved aside when it is full: `path`, `path.1` … oldest last. What
 * was written is in the system's hands at once, so a crash of the process loses nothing; it is not
 * synced, since a sync stops the event loop for a millisecond or more.
 */

export interface RotatingFileOptions {
  /** Bytes after which a new file is begun. */
  readonly maximumBytes: number;
  /** With the one that is written to; 2 or more. */
  readonly maximumFiles: number;
}

export class RotatingFile implements Disposable {
  readonly #path: string;
  readonly #options: RotatingFileOptions;
  #file: Deno.FsFile;
  #size: number;

  /** Throws the system's error when the file cannot be opened. */
  constructor(path: string, options: RotatingFileOptions) {
    this.#path = path;
    this.#options = options;
    this.#file = open(path);
    this.#size = this.#file.statSync().size;
  }

  /** Throws the system's error, such as a full disk. */
  write(bytes: Uint8Array): void {
    if (this.#size > 0 && this.#size + bytes.length > this.#options.maximumBytes) this.#rotate();
    for (let written = 0; written < bytes.length;) {
      const more = this.#file.writeSync(bytes.subarray(written));
      written += more;
      this.#size += more;
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #rotate(): void {
    // Opened before anything is moved, so that on a full disk all stays as it is.
    const fresh = `${this.#path}.new`;
    const next = open(fresh);
    for (let number = this.#options.maximumFiles - 1; number > 0; number--) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      try {
        Deno.renameSync(from, `${this.#path}.${number}`);
      } catch (thrown) {
        if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
      }
    }
    Deno.renameSync(fresh, this.#path);
    this.#file.close();
    this.#file = next;
    this.#size = 0;
  }
}

function open(path: string): Deno.FsFile {
  return Deno.openSync(path, { create: true, append: true, mode: 0o600 });
}
