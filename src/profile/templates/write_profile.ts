/** Makes a profile's folder and files: `config.ts` 0600 in a 0700 folder, types beside it. */
import { FuncxError } from "../../contract/errors.ts";
import type { FuncxHome } from "../../contract/home_folder.ts";
import { ensurePrivateFolder, readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { dirname } from "../../lib/path.ts";
import type { Executor, Profile } from "../profile.d.ts";
import { checkEndpointName, profileFile } from "../resolve.ts";
import { writeEditorFiles, type WrittenFile } from "./editor_files.ts";
import { renderProfile } from "./render.ts";
import { applySettings, parseSetting, type Setting } from "./settings.ts";
import { type Template, template } from "./templates.ts";

export interface WrittenProfile {
  /** Absolute path of `config.ts`. */
  readonly file: string;
  readonly template: string;
  /** The files for editors. */
  readonly editorFiles: readonly WrittenFile[];
}

/** A profile that is not on disk yet. */
export interface Draft {
  readonly name: string;
  readonly template: Template;
  /** Valid, but for placeholders that it may have. */
  readonly profile: Profile;
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
  const settings = sets.map(parseSetting);
  return writeDraft(home, draftProfile(home, name, template(templateName), settings));
}

/** What {@link writeProfile} would write, with the same errors. */
export function draftProfile(
  home: FuncxHome,
  name: string,
  template: Template,
  settings: readonly Setting[],
): Draft {
  checkEndpointName(name);
  assertNoProfile(home, name);
  const named = { displayName: `${name} on ${Deno.hostname()}`, ...template.profile };
  return { name, template, profile: arranged(applySettings(named, settings)) };
}

/** Keys that come first in a provider, whenever they were set: what says where jobs go. */
const FIRST = ["type", "partition", "queue", "account"];

function arranged(profile: Profile): Profile {
  const { executor } = profile;
  if (executor?.provider === undefined) return profile;
  const place = ([key]: [string, unknown]): number => (FIRST.indexOf(key) + 1) || FIRST.length + 1;
  const entries = Object.entries(executor.provider).sort((a, b) => place(a) - place(b));
  const provider = Object.fromEntries(entries) as Executor["provider"];
  return { ...profile, executor: { ...executor, provider } };
}

/** Throws a `FuncxError` of code PROFILE_EXISTS. */
export function writeDraft(home: FuncxHome, { name, template, profile }: Draft): WrittenProfile {
  const { comments, about } = template;
  const text = renderProfile({ name, profile, comments: comments(profile), about });
  assertNoProfile(home, name);
  ensurePrivateFolder(home.root);
  const editorFiles = writeEditorFiles(home);
  const file = profileFile(home, name);
  ensurePrivateFolder(dirname(file));
  writePrivateFile(file, text);
  return { file, template: template.name, editorFiles };
}

function assertNoProfile(home: FuncxHome, name: string): void {
  const file = profileFile(home, name);
  if (readIfPresent(file) === undefined) return;
  throw new FuncxError({
    code: "PROFILE_EXISTS",
    message: `the endpoint "${name}" has a profile already, ${file}`,
    hint: `Edit that file, or remove the endpoint with \`funcx-endpoint delete ${name}\` first.`,
  });
}
