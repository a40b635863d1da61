/** Makes a profile's folder and files: `config.ts` 0600 in a 0700 folder, types beside it. */
import { FuncxError } from "../../contract/errors.ts";
import type { FuncxHome } from "../../contract/home_folder.ts";
import { ensurePrivateFolder, readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { dirname } from "../../lib/path.ts";
import { checkEndpointName, profileFile } from "../resolve.ts";
import { writeEditorFiles, type WrittenFile } from "./editor_files.ts";
import { renderProfile } from "./render.ts";
import { applySettings } from "./settings.ts";
import { template } from "./templates.ts";

export interface WrittenProfile {
  /** Absolute path of `config.ts`. */
  readonly file: string;
  readonly template: string;
  /** The files for editors. */
  readonly editorFiles: readonly WrittenFile[];
}

/**
 * Writes a new profile. Throws a `FuncxError`: USAGE for a bad name, template or setting,
 * PROFILE_EXISTS when there is one already.
 * @param sets `key=value` with dotted keys
 */
export function writeProfile(
  home: FuncxHome,
  name: string,
  templateName: string,
  sets: readonly string[] = [],
): WrittenProfile {
  checkEndpointName(name);
  const file = profileFile(home, name);
  if (readIfPresent(file) !== undefined) throw profileExists(name, file);
  const text = profileText(name, templateName, sets);
  ensurePrivateFolder(home.root);
  const editorFiles = writeEditorFiles(home);
  ensurePrivateFolder(dirname(file));
  writePrivateFile(file, text);
  return { file, template: templateName, editorFiles };
}

function profileText(name: string, templateName: string, sets: readonly string[]): string {
  const { profile, comments } = template(templateName);
  const named = { displayName: `${name} on ${Deno.hostname()}`, ...profile };
  return renderProfile({ name, profile: applySettings(named, sets), comments });
}

function profileExists(name: string, file: string): FuncxError {
  return new FuncxError({
    code: "PROFILE_EXISTS",
    message: `the endpoint "${name}" has a profile already, ${file}`,
    hint: `Edit that file, or remove the endpoint with \`funcx-endpoint delete ${name}\` first.`,
  });
}
