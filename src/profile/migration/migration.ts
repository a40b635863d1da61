/** What becomes of one old endpoint: its profile as a file, and all that there is to tell of it. */
import { FuncxError } from "../../contract/errors.ts";
import { ensurePrivateFolder } from "../../lib/files.ts";
import { dirname, extname, join } from "../../lib/path.ts";
import { type Placeholder, placeholdersIn, problemsBesides } from "../placeholders.ts";
import type { Profile } from "../profile.d.ts";
import { evaluateProfile } from "../sandbox.ts";
import type { SiteFacts } from "../site.ts";
import { fileText } from "./file_text.ts";
import { renderTemplate } from "./jinja.ts";
import type { MigrationNote, MigrationSite } from "./draft.ts";
import type { OldMap } from "./old_value.ts";
import { FILES, type OldFiles, readOld } from "./old_folders.ts";
import { readPython } from "./read_python.ts";
import { readYaml } from "./read_yaml.ts";
import { translate } from "./translate.ts";

export interface Migration {
  /** The text of `config.ts`. */
  readonly text: string;
  readonly profile: Profile;
  readonly notes: readonly MigrationNote[];
  readonly variables: readonly MigratedVariable[];
  readonly placeholders: readonly Placeholder[];
  /** Those that were read. */
  readonly files: readonly string[];
}

/** What users of a template could choose. */
export interface MigratedVariable {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** What stands in the profile now; null for what had to be given. */
  readonly default: string | null;
  /** Keys of the profile that were made with it. */
  readonly targets: readonly string[];
}

interface Read {
  readonly documents: OldMap[];
  environment?: OldMap;
  readonly variables: Omit<MigratedVariable, "targets">[];
  readonly notes: MigrationNote[];
}

/**
 * Reads the files and makes the profile. Throws a `FuncxError` of code INPUT_INVALID for what cannot
 * be read at all.
 * @param shown the folder as people are told
 */
export function migrate(
  old: OldFiles,
  name: string,
  shown: string,
  site: MigrationSite,
): Migration {
  const files = relevant(old.files);
  const read: Read = { documents: [], variables: [], notes: [] };
  for (const file of files) take(read, file, readOld(old.folder, file));
  const { profile, notes, origins } = translate(read.documents, read.environment, site);
  const variables = read.variables.map((variable) => ({
    ...variable,
    targets: origins
      .filter(({ place }) => place.file === variable.file && place.line === variable.line)
      .map(({ target }) => target),
  }));
  const all = [...read.notes, ...notes];
  const made = { profile, notes: all, variables };
  const text = fileText(name, `${shown}/${files[0]}`, made);
  return { text, ...made, placeholders: placeholdersIn(profile), files };
}

/** As Globus Compute reads them: Python before YAML; what users choose before what manages it. */
function relevant(files: readonly string[]): string[] {
  if (files.includes(FILES.python)) {
    return files.filter((file) => file === FILES.python || file === FILES.environment);
  }
  return files.filter((file) => file !== FILES.schema);
}

function take(read: Read, file: string, source: string): void {
  if (extname(file) === ".py") {
    read.documents.push(readPython(file, source));
    return;
  }
  const rendered = renderTemplate(source);
  const document = readYaml(file, rendered);
  if (file === FILES.environment) read.environment = document;
  else read.documents.push(document);
  for (const { name, line, default: text } of rendered.variables) {
    read.variables.push({ name, file, line, default: text ?? null });
  }
  for (const { line, text } of rendered.unread) {
    read.notes.push({
      kind: "not-read",
      key: "template",
      place: { file, line },
      found: text.replace(/\s+/g, " "),
      instead: "This is more of Jinja than is understood here. Write what it stands for.",
    });
  }
}

/**
 * Evaluates the text as an endpoint would, in a folder of its own. Throws a `FuncxError` when that
 * does not give the profile, which would be a mistake of this program.
 */
export async function assertGood(
  { text }: Migration,
  facts: SiteFacts,
  env: (name: string) => string | undefined,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-migrate-" });
  try {
    const file = join(folder, facts.name, "config.ts");
    ensurePrivateFolder(dirname(file));
    Deno.writeTextFileSync(file, text, { mode: 0o600 });
    const evaluated = await evaluateProfile({ file, env, site: facts });
    const wrong = evaluated.kind === "ok"
      ? problemsBesides(evaluated.value.value).map(({ key, found }) => `${key}: ${found}`)[0]
      : evaluated.failure.message;
    if (wrong === undefined) return;
    throw new FuncxError({
      code: "INTERNAL_ERROR",
      message: `what was made of it is no profile: ${wrong}`,
      hint: "Report it with the old configuration; nothing was written.",
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
