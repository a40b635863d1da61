/** The folder ~/.funcx and the endpoint's own: whose they are, who may read them, what they are on. */
import { statfsSync } from "node:fs";
import { MAX_SOCKET_PATH_BYTES } from "../../contract/limits.ts";
import { removeIfPresent, writePrivateFile } from "../../lib/files.ts";
import { messageOf } from "../../lib/outcome.ts";
import { dirname, join } from "../../lib/path.ts";
import { socketPath } from "../../lib/runtime_dir.ts";
import { abbreviated, size } from "../format.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";
import { isShared, mountOf } from "./mounts.ts";

export function* folderChecks(patient: Patient): Generator<Check> {
  const { context: { home, env }, name } = patient;
  const folders = [home.root, home.endpointFolder(name)].filter((path) => stat(path) !== undefined);
  if (folders.length === 0) {
    yield warning("folder", `${home.root} does not exist`, "Make it with `funcx-endpoint init`.");
  }
  const short = (path: string): string => abbreviated(path, env("HOME"));
  for (const folder of folders) yield privacyOf("folder", folder, 0o700, short);
  for (const file of secretFiles(patient)) yield privacyOf("secret file", file, 0o600, short);
  yield socketCheck(patient);
  yield* stateChecks(patient, short);
}

/** Those that hold tokens and exist. */
function secretFiles({ context: { home }, name }: Patient): string[] {
  return [
    home.loginFile,
    home.serviceStateFile,
    home.registrationFile(name),
  ].filter((path) => stat(path) !== undefined);
}

function privacyOf(
  what: string,
  path: string,
  mode: number,
  short: (path: string) => string,
): Check {
  const info = stat(path);
  const octal = (value: number): string => `0${(value & 0o777).toString(8)}`;
  if (info === undefined) return failed(what, `${short(path)} is gone`, "Run doctor again.");
  if (info.uid !== null && info.uid !== Deno.uid()) {
    return failed(
      what,
      `${short(path)} belongs to user ${info.uid}, not to you`,
      `Have it given to you (chown ${Deno.uid()} ${quoted(path)}), or use another --config-dir.`,
    );
  }
  if (info.mode !== null && (info.mode & 0o777 & ~mode) !== 0) {
    return failed(
      what,
      `${short(path)} has mode ${octal(info.mode)}, others may use it`,
      `chmod ${octal(mode)} ${quoted(path)}`,
    );
  }
  return fine(
    what,
    `${short(path)} is private${info.mode === null ? "" : ` (${octal(info.mode)})`}`,
  );
}

function quoted(path: string): string {
  return /^[\w/.@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function socketCheck({ context: { home, env }, name }: Patient): Check {
  try {
    const path = socketPath(home.endpointFolder(name), env);
    const bytes = new TextEncoder().encode(path).length + 1;
    if (bytes <= MAX_SOCKET_PATH_BYTES) {
      return fine("control socket", `${dirname(path)} can hold it (path of ${bytes} bytes)`);
    }
    return failed(
      "control socket",
      `its path has ${bytes} bytes, the system takes ${MAX_SOCKET_PATH_BYTES}: ${path}`,
      "Set XDG_RUNTIME_DIR to a private folder with a shorter path.",
    );
  } catch (thrown) {
    return failed(
      "control socket",
      `there is no private folder for it: ${messageOf(thrown)}`,
      "Set XDG_RUNTIME_DIR to a folder of yours on this machine, mode 0700.",
    );
  }
}

// -- where the spool is ------------------------------------------------------------------------------

/** Bytes; below the first nothing works for long, below the second it may soon not. */
const LEAST_SPACE = 100_000_000;
const COMFORTABLE_SPACE = 1_000_000_000;

function* stateChecks(patient: Patient, short: (path: string) => string): Generator<Check> {
  const { context: { home }, name, profile } = patient;
  const wanted = profile?.stateDir ?? home.endpointFolder(name);
  const folder = nearestFolder(wanted);
  const elsewhere = 'Name a local or scratch folder as "stateDir" in the profile.';
  yield fileSystemCheck(folder, short, elsewhere);
  yield spaceCheck(folder, short, elsewhere);
  yield writeCheck(folder, short, elsewhere);
}

function fileSystemCheck(
  folder: string,
  short: (path: string) => string,
  elsewhere: string,
): Check {
  const mount = mountOf(folder);
  if (mount === undefined) return fine("file system", `of ${short(folder)} cannot be told`);
  const where = `${short(folder)} is on ${mount.type} (mounted at ${mount.point})`;
  return isShared(mount)
    ? warning("file system", `${where}, which is shared and slow to lock and sync`, elsewhere)
    : fine("file system", where);
}

function spaceCheck(folder: string, short: (path: string) => string, elsewhere: string): Check {
  const { bavail, bsize, files, ffree } = statfsSync(folder);
  const space = bavail * bsize;
  const found = `${size(space)} are free for ${short(folder)}`;
  if (files > 0 && ffree === 0) {
    return failed("disk", `no file can be made in ${short(folder)}: no inode is free`, elsewhere);
  }
  if (space < LEAST_SPACE) return failed("disk", found, `Free some space. ${elsewhere}`);
  if (space < COMFORTABLE_SPACE) return warning("disk", found, `Free some space. ${elsewhere}`);
  return fine("disk", found);
}

/** A quota shows only when something is written. */
function writeCheck(folder: string, short: (path: string) => string, elsewhere: string): Check {
  const probe = join(folder, `.doctor-${Deno.pid}`);
  try {
    const start = performance.now();
    writePrivateFile(probe, new Uint8Array(PROBE_BYTES));
    const milliseconds = performance.now() - start;
    const found = `a synced write in ${short(folder)} takes ${milliseconds.toFixed(0)} ms`;
    return milliseconds > SLOW_WRITE ? warning("write", found, elsewhere) : fine("write", found);
  } catch (thrown) {
    const found = `nothing can be written in ${short(folder)}: ${messageOf(thrown)}`;
    return failed("write", found, `Mend its mode or quota. ${elsewhere}`);
  } finally {
    removeIfPresent(probe);
  }
}

const PROBE_BYTES = 4_096;
/** Milliseconds; every batch of tasks waits for one such write. */
const SLOW_WRITE = 250;

/** The folder without links, or the nearest one above it that exists. */
function nearestFolder(path: string): string {
  for (let folder = path;; folder = dirname(folder)) {
    if (stat(folder)?.isDirectory) return Deno.realPathSync(folder);
    if (folder === dirname(folder)) return folder;
  }
}

function stat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
