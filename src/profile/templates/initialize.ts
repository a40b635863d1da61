/** What `init` does: the folder, the files for editors and the profile `default`. */
import type { FuncxHome } from "../../contract/home_folder.ts";
import { ensurePrivateFolder, readIfPresent } from "../../lib/files.ts";
import { editorFilePaths, writeEditorFiles, type WrittenFile } from "./editor_files.ts";
import { profileFile } from "../resolve.ts";
import { templateForSite } from "./templates.ts";
import { writeProfile } from "./write_profile.ts";

export interface InitializedHome {
  /** Of the profile that was made; null when the one that was there is kept. */
  readonly template: string | null;
  readonly files: readonly InitializedFile[];
}

export interface InitializedFile extends WrittenFile {
  /** Where the file that was there before is now. */
  readonly backup?: string;
}

/**
 * Keeps the files that are there; with `force` they are renamed first and made anew.
 * @param name of the first profile
 */
export function initializeHome(options: {
  readonly home: FuncxHome;
  readonly name: string;
  readonly env: (name: string) => string | undefined;
  readonly force: boolean;
}): InitializedHome {
  const { home, name, env, force } = options;
  ensurePrivateFolder(home.root);
  const file = profileFile(home, name);
  const backups = force ? backUp([...editorFilePaths(home), file]) : new Map<string, string>();
  const withBackup = (written: WrittenFile): InitializedFile => {
    const backup = backups.get(written.path);
    return backup === undefined ? written : { ...written, backup };
  };
  if (readIfPresent(file) !== undefined) {
    const kept = { path: file, action: "kept" } as const;
    return { template: null, files: [...writeEditorFiles(home), kept].map(withBackup) };
  }
  const { template, editorFiles } = writeProfile(home, name, templateForSite(env));
  const created = { path: file, action: "created" } as const;
  return { template, files: [...editorFiles, created].map(withBackup) };
}

/** Renames the files that exist; gives their new paths by their old ones. */
function backUp(paths: readonly string[]): Map<string, string> {
  const stamp = new Date().toISOString().replace(/[-:]/g, "").replace(/\.\d+/, "");
  const backups = new Map<string, string>();
  for (const path of paths) {
    if (readIfPresent(path) === undefined) continue;
    const backup = freeName(`${path}.${stamp}`);
    Deno.renameSync(path, backup);
    backups.set(path, backup);
  }
  return backups;
}

/** Not a name that ends in `.ts`, which an editor would take for a profile. */
function freeName(base: string): string {
  for (let count = 1;; count++) {
    const name = count === 1 ? `${base}.bak` : `${base}-${count}.bak`;
    if (readIfPresent(name) === undefined) return name;
  }
}
