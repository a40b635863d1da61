/**
 * The wall clock of one process, by a library of our own (`clock.c`) that is loaded before the
 * system's: the program needs no door for it. It takes Linux and a C compiler.
 */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { join } from "../../src/lib/path.ts";

const SOURCE = join(import.meta.dirname!, "clock.c");

/** Makes the library in `folder`; returns its path. Throws why it cannot be made. */
export async function buildClock(folder: string): Promise<string> {
  const library = join(folder, "clock.so");
  await capture("cc", ["-shared", "-fPIC", "-O2", "-o", library, SOURCE]);
  return library;
}

/** Why no clock can be changed here; undefined when it can. */
export async function clockObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "that is done on Linux only";
  const folder = Deno.makeTempDirSync();
  try {
    await buildClock(folder);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n")[0];
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** For a process whose clock follows `file`, which is made; see {@link setClock}. */
export function clockEnvironment(library: string, file: string): Record<string, string> {
  setClock(file, 0);
  return { LD_PRELOAD: library, CHAOS_CLOCK: file };
}

/** From now on the clock is wrong by `seconds`. */
export function setClock(file: string, seconds: number): void {
  // In place and never shorter: processes have it mapped.
  using opened = Deno.openSync(file, { write: true, create: true });
  opened.writeSync(new Uint8Array(BigInt64Array.of(BigInt(seconds)).buffer));
}
