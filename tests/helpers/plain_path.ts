/**
 * PATH of a machine that has no package manager and no scheduler, so that a new profile runs its
 * workers there, also where a scheduler is installed for other tests.
 */
import { ROOT } from "./binary.ts";
import { join } from "../../src/lib/path.ts";
import { findSchedulers, SUBMIT_PROGRAMS } from "../../src/profile/schedulers.ts";

export const SYSTEM_FOLDERS: readonly string[] = ["/usr/bin", "/bin"];

export const PLAIN_PATH = plainPath();

function plainPath(): string {
  const path = SYSTEM_FOLDERS.join(":");
  const schedulers = findSchedulers((name) => name === "PATH" ? path : undefined);
  return schedulers.length === 0 ? path : linksWithoutSchedulers();
}

/** A folder with a link to each system program but those of schedulers; made anew when they change. */
function linksWithoutSchedulers(): string {
  const changed = Math.max(
    ...SYSTEM_FOLDERS.map((path) => Deno.statSync(path).mtime?.getTime() ?? 0),
  );
  const folder = join(ROOT, "dist", "cache", `programs-${changed}`);
  if (exists(folder)) return folder;
  const unfinished = `${folder}.${Deno.pid}`;
  Deno.mkdirSync(unfinished, { recursive: true });
  for (const [name, path] of systemPrograms()) Deno.symlinkSync(path, join(unfinished, name));
  moveIfFirst(unfinished, folder);
  return folder;
}

function systemPrograms(): Map<string, string> {
  const left = new Set(Object.values(SUBMIT_PROGRAMS));
  const programs = SYSTEM_FOLDERS.flatMap((folder) =>
    [...Deno.readDirSync(folder)]
      .filter(({ name, isDirectory }) => !isDirectory && !left.has(name))
      .map(({ name }): [string, string] => [name, join(folder, name)])
  );
  return new Map(programs);
}

function moveIfFirst(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (thrown) {
    if (!exists(to)) throw thrown;
    Deno.removeSync(from, { recursive: true });
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
