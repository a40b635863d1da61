/** Damage to a database while no process has it open. */
import { messageOf } from "../../src/lib/outcome.ts";
import { basename, join } from "../../src/lib/path.ts";
import type { Damage } from "./plan.ts";

const PAGE = 4_096;

/** Changes the database at `path`, or its journal; a copy of what was there goes to `folder`. */
export function damage(path: string, folder: string, how: Damage, bytes: number): void {
  const journal = `${path}-wal`;
  for (const file of [path, journal]) copyIfPresent(file, copyOf(file, folder));
  switch (how) {
    case "torn":
      return change(journal, (file, size) => {
        file.seekSync(size, Deno.SeekMode.Start);
        file.writeSync(Uint8Array.from({ length: bytes }, (_, index) => (index * 31) % 251));
      });
    case "cut":
      return change(journal, (file, size) => file.truncateSync(Math.max(0, size - bytes)));
    case "flip":
      return change(journal, (file, size) => flip(file, Math.max(0, size - bytes), 1));
    case "main":
      // The head of a page, where it is noticed; what a page holds has no checksum.
      return change(path, (file, size) => {
        const pages = Math.max(1, Math.floor(size / PAGE));
        flip(file, (bytes % pages) * PAGE, 64);
      });
  }
}

/** As a user would who has a copy. */
export function putBack(path: string, folder: string): void {
  for (const file of [path, `${path}-wal`]) copyIfPresent(copyOf(file, folder), file);
}

function copyOf(file: string, folder: string): string {
  return join(folder, basename(file));
}

function change(path: string, action: (file: Deno.FsFile, size: number) => void): void {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    action(file, file.statSync().size);
  } catch (thrown) {
    // No journal: it was written back to the database, and there is nothing to damage.
    const isMissing = thrown instanceof Deno.errors.NotFound;
    // Nothing more can be written to a full disk, torn or not.
    if (!isMissing && !/os error 28/.test(messageOf(thrown))) throw thrown;
  }
}

function flip(file: Deno.FsFile, at: number, count: number): void {
  const before = new Uint8Array(count);
  file.seekSync(at, Deno.SeekMode.Start);
  const read = file.readSync(before) ?? 0;
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(before.subarray(0, read).map((byte) => byte ^ 0xff));
}

function copyIfPresent(from: string, to: string): void {
  try {
    Deno.copyFileSync(from, to);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
