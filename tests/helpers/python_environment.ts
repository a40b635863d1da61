/** Virtual environments with packages of PyPI, made once and kept in `dist/cache/python`. */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { ownIdentity } from "../../src/lib/process_identity.ts";
import { join } from "../../src/lib/path.ts";
import { ROOT } from "./binary.ts";
import { PYTHON } from "./python.ts";

export interface PythonEnvironment {
  readonly kind: "ready";
  /** Its interpreter. */
  readonly python: string;
  /** Its folder; what packages install to be called is in `bin`. */
  readonly folder: string;
  /** Of the interpreter, such as `3.11`. */
  readonly pythonVersion: string;
}

/** Why there is none, in one line. */
export interface PythonObstacle {
  readonly kind: "obstacle";
  readonly reason: string;
}

const CACHE = join(ROOT, "dist", "cache", "python");

/** How long pip may take; it is ended then. */
const INSTALL_TIMEOUT = 300_000;
/** The code of timeout(1) for what it has ended. */
const TIMED_OUT = 124;

/** All files of one `deno test` are in its process. */
const RUN = JSON.stringify(ownIdentity());

/**
 * An environment with these requirements, as pip writes them. `interpreters` are tried in turn, the
 * machine's own `python3` when left out. Two runs at once do not get into each other's way.
 */
export async function pythonEnvironment(
  requirements: readonly string[],
  interpreters: readonly string[] = PYTHON === undefined ? [] : [PYTHON],
): Promise<PythonEnvironment | PythonObstacle> {
  let reason = "there is no python3";
  for (const interpreter of interpreters) {
    try {
      return await environmentOf(interpreter, requirements);
    } catch (thrown) {
      if (thrown instanceof SilentIndexError) return { kind: "obstacle", reason: thrown.message };
      reason = `${interpreter}: ${lastError(messageOf(thrown))}`;
    }
  }
  return { kind: "obstacle", reason };
}

/** Interpreters by these versions, such as `3.11`: those on PATH, and those that pyenv has made. */
export async function interpretersOf(versions: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const version of versions) {
    const names = [...pyenvInterpreters(version), `python${version}`, "python3"];
    for (const name of names) {
      if (await versionOf(name) !== version) continue;
      found.push(name);
      break;
    }
  }
  return found;
}

async function environmentOf(
  interpreter: string,
  requirements: readonly string[],
): Promise<PythonEnvironment> {
  const pythonVersion = await versionOf(interpreter);
  if (pythonVersion === undefined) throw new Error("it does not run");
  const name = `${[...requirements].sort().join("+")}-py${pythonVersion}`.replaceAll("/", "_");
  const folder = join(CACHE, name);
  const python = join(folder, "bin", "python");
  Deno.mkdirSync(CACHE, { recursive: true });
  using lock = Deno.openSync(`${folder}.lock`, { create: true, write: true });
  await lock.lock(true);
  const complete = `${folder}.complete`;
  if (!exists(complete)) {
    if (exists(folder)) Deno.removeSync(folder, { recursive: true });
    throwIfSilent();
    await capture(interpreter, ["-m", "venv", folder]);
    await install(python, requirements);
    Deno.writeTextFileSync(complete, "");
  }
  return { kind: "ready", python, folder, pythonVersion };
}

/** What packages come from hangs, for every interpreter and every file of tests. */
class SilentIndexError extends Error {
  override readonly name = "SilentIndexError";

  constructor() {
    super(`pip had no answer within ${INSTALL_TIMEOUT / 1_000} s`);
  }
}

/** Has the id of the run that has found it silent: its files of tests know nothing of each other. */
const SILENT = join(CACHE, "silent");

function throwIfSilent(): void {
  if (exists(SILENT) && Deno.readTextFileSync(SILENT) === RUN) throw new SilentIndexError();
}

async function install(python: string, requirements: readonly string[]): Promise<void> {
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  // A source distribution would need compilers, and minutes.
  const wheels = ["--only-binary", ":all:"];
  const seconds = String(INSTALL_TIMEOUT / 1_000);
  try {
    await capture("timeout", [seconds, python, ...pip, ...wheels, ...requirements]);
  } catch (thrown) {
    if (!messageOf(thrown).startsWith(`timeout ${seconds} ended with ${TIMED_OUT}`)) throw thrown;
    Deno.writeTextFileSync(SILENT, RUN);
    throw new SilentIndexError();
  }
}

async function versionOf(interpreter: string): Promise<string | undefined> {
  try {
    const script = "import sys; print('%d.%d' % sys.version_info[:2])";
    return (await capture(interpreter, ["-c", script])).trim();
  } catch {
    return undefined;
  }
}

function pyenvInterpreters(version: string): string[] {
  const folder = join(Deno.env.get("PYENV_ROOT") ?? join(Deno.env.get("HOME") ?? "/", ".pyenv"));
  const versions = join(folder, "versions");
  if (!exists(versions)) return [];
  return [...Deno.readDirSync(versions)]
    .filter(({ name }) => name.startsWith(`${version}.`))
    .map(({ name }) => join(versions, name, "bin", "python"));
}

/** The line of pip's complaint that says most. */
function lastError(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => line.startsWith("ERROR:")) ?? lines.at(-1) ?? "";
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
