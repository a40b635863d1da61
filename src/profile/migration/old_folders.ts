/** Finds and reads old configurations; nothing of them is changed. */
import { FuncxError } from "../../contract/errors.ts";
import { basename, dirname, extname, join, resolve } from "../../lib/path.ts";

/** Files of one old endpoint, as far as they are there. */
export interface OldFiles {
  /** Of its folder. */
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  /** The first is what an endpoint began with; names in `folder`. */
  readonly files: readonly string[];
}

export const FILES = {
  python: "config.py",
  config: "config.yaml",
  template: ["user_config_template.yaml.j2", "user_config_template.yaml"],
  schema: "user_config_schema.json",
  environment: "user_environment.yaml",
} as const;

const KNOWN = [FILES.python, FILES.config, ...FILES.template, FILES.schema, FILES.environment];
const CONFIGURATIONS: readonly string[] = [FILES.python, FILES.config, ...FILES.template];

/** Folders with old endpoints: Globus Compute's, funcX's, which is ours as well. */
export function oldRoots(funcxRoot: string, env: (name: string) => string | undefined): string[] {
  const home = env("HOME");
  const named = env("GLOBUS_COMPUTE_USER_DIR");
  const compute = named ? [named] : home ? [join(home, ".globus_compute")] : [];
  const funcx = home ? [join(home, ".funcx")] : [];
  return [...new Set([...compute, ...funcx, funcxRoot].map((root) => resolve(root)))];
}

/** All that have a configuration, by their names. A folder that cannot be read has none. */
export function findOld(roots: readonly string[]): OldFiles[] {
  return roots.flatMap((root) =>
    namesIn(root).map((name) => filesIn(join(root, name)))
      .filter((found) => found !== undefined)
      .sort((a, b) => a.name < b.name ? -1 : 1)
  );
}

function namesIn(root: string): string[] {
  try {
    return [...Deno.readDirSync(root)].filter(({ isFile }) => !isFile).map(({ name }) => name);
  } catch (thrown) {
    if (isUnreachable(thrown)) return [];
    throw thrown;
  }
}

function filesIn(folder: string): OldFiles | undefined {
  const files = KNOWN.filter((name) => isFile(join(folder, name)));
  if (!files.some((name) => CONFIGURATIONS.includes(name))) return undefined;
  return { name: basename(folder), folder, files };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (thrown) {
    if (isUnreachable(thrown)) return false;
    throw thrown;
  }
}

function isUnreachable(thrown: unknown): boolean {
  const { NotFound, PermissionDenied, NotADirectory, FilesystemLoop } = Deno.errors;
  return [NotFound, PermissionDenied, NotADirectory, FilesystemLoop].some((kind) =>
    thrown instanceof kind
  );
}

/**
 * The one that is meant by a name, or by a path of its folder or of one file. Throws a `FuncxError`:
 * PROFILE_NOT_FOUND, or USAGE for a name that stands for several.
 */
export function chooseOld(roots: readonly string[], nameOrPath: string): OldFiles {
  if (!nameOrPath.includes("/") && extname(nameOrPath) === "") return byName(roots, nameOrPath);
  const path = resolve(nameOrPath);
  const info = readable(path, () => Deno.statSync(path));
  if (info.isDirectory) {
    const found = filesIn(path);
    if (found !== undefined) return found;
    if (hasProfile(path)) throw alreadyProfile(path);
    throw notFound(`there is no old configuration in ${path}`);
  }
  if (!info.isFile) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} is neither a file nor a folder`,
      hint: "Name the configuration, or the folder in which it stands.",
    });
  }
  const folder = dirname(path);
  const file = basename(path);
  if (extname(file) === ".ts") throw alreadyProfile(path);
  return {
    name: CONFIGURATIONS.includes(file) ? basename(folder) : stem(file),
    folder,
    files: [file],
  };
}

function stem(file: string): string {
  return file.replace(/(\.yaml|\.yml)?\.j2$|\.[^.]+$/, "");
}

function byName(roots: readonly string[], name: string): OldFiles {
  const found = roots.flatMap((root) => filesIn(join(root, name)) ?? []);
  if (found.length === 1) return found[0];
  if (found.length === 0) {
    const own = roots.map((root) => join(root, name)).find(hasProfile);
    if (own !== undefined) throw alreadyProfile(own);
    throw notFound(`there is no old endpoint "${name}" in ${roots.join(" and ")}`);
  }
  throw new FuncxError({
    code: "USAGE",
    message: `"${name}" stands for ${found.map(({ folder }) => folder).join(" and ")}`,
    hint: `Name one by its path: \`funcx-endpoint migrate ${found[0].folder}\`.`,
  });
}

function hasProfile(folder: string): boolean {
  return isFile(join(folder, "config.ts"));
}

function alreadyProfile(path: string): FuncxError {
  return new FuncxError({
    code: "USAGE",
    message: `${path} is a profile of this program already`,
    hint: "`funcx-endpoint migrate` lists the old endpoints that it finds.",
  });
}

function notFound(message: string): FuncxError {
  return new FuncxError({
    code: "PROFILE_NOT_FOUND",
    message,
    hint:
      "`funcx-endpoint migrate` lists what it finds; a configuration elsewhere is named by its path.",
  });
}

/** More than any configuration has. */
const MAX_BYTES = 1_000_000;

/** Throws a `FuncxError` of code INPUT_INVALID for what is too large, or no text. */
export function readOld(folder: string, file: string): string {
  const path = join(folder, file);
  const { size } = readable(path, () => Deno.statSync(path));
  if (size > MAX_BYTES) {
    throw unreadable(`${path} has ${size} bytes, more than the ${MAX_BYTES} that are read`);
  }
  try {
    const bytes = readable(path, () => Deno.readFileSync(path));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw unreadable(`${path} is not UTF-8`);
  }
}

/** What `read` gives; a file that this user cannot read is told by its path and what to do. */
function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!isUnreachable(thrown)) throw thrown;
    const why = thrown instanceof Deno.errors.NotFound
      ? "it is not there"
      : thrown instanceof Deno.errors.PermissionDenied
      ? "it is not yours to read"
      : "its way there leads nowhere";
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} cannot be read: ${why}`,
      hint:
        "`funcx-endpoint migrate` lists what it finds; name a file or folder that you can read.",
    });
  }
}

function unreadable(message: string): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message,
    hint: "Name the file in which the configuration stands.",
  });
}
