import { FuncxError } from "../../contract/errors.ts";
import { isEndpointName } from "../../contract/home_folder.ts";
import { dirname, resolve } from "../../lib/path.ts";
import { ensurePrivateFolder, readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { meaningOf } from "../../profile/placeholders.ts";
import type { MigrationNote, NoteKind } from "../../profile/migration/draft.ts";
import { assertGood, migrate, type Migration } from "../../profile/migration/migration.ts";
import {
  chooseOld,
  findOld,
  type OldFiles,
  oldRoots,
} from "../../profile/migration/old_folders.ts";
import { checkEndpointName, profileFile } from "../../profile/resolve.ts";
import { siteFacts } from "../../profile/site.ts";
import { writeEditorFiles } from "../../profile/templates/editor_files.ts";
import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hasProfile } from "../endpoints.ts";
import { abbreviated } from "../format.ts";
import type { Style } from "../output/output.ts";
import { oneLine, style } from "../output/style.ts";
import { table } from "../output/table.ts";

interface Flags {
  readonly as?: string;
  readonly output?: string;
  readonly dryRun: boolean;
}

export const command = defineCommand<Flags, [old?: string]>({
  description:
    "Reads the configuration of an endpoint of Globus Compute or funcX, writes a profile that does " +
    "the same, and tells what has no equivalent. Without OLD it lists those that it finds. Python " +
    "is read and never run. The old files stay as they are, and no profile is written over.",
  parameters: {
    flags: {
      as: {
        kind: "parsed",
        parse: String,
        brief: "Name of the new endpoint (default: that of the old one)",
        placeholder: "NAME",
        optional: true,
      },
      output: {
        kind: "parsed",
        parse: String,
        brief: "Write the profile to this file, and make no endpoint",
        placeholder: "FILE",
        optional: true,
      },
      dryRun: {
        kind: "boolean",
        brief: "Print the profile, and write nothing",
        withNegated: false,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{
        placeholder: "OLD",
        brief: "Name of the old endpoint, or the path of its folder or configuration",
        parse: String,
        optional: true,
      }],
    },
  },
  run: (context, flags, old) => old === undefined ? list(context, flags) : one(context, flags, old),
});

async function list({ home, env, output }: CliContext, flags: Flags): Promise<void> {
  if (flags.as !== undefined || flags.output !== undefined || flags.dryRun) {
    throw new FuncxError({
      code: "USAGE",
      message: "the old endpoint has to be named",
      hint: "Write `funcx-endpoint migrate OLD`; without anything it lists those that there are.",
    });
  }
  const roots = oldRoots(home.root, env);
  const found = findOld(roots).map(({ name, folder, files }) => ({
    name,
    folder,
    files,
    migrated: isEndpointName(name) && hasProfile(home, name),
  }));
  const short = (path: string): string => abbreviated(path, env("HOME"));
  await output.show(
    found,
    () =>
      found.length === 0
        ? `There are no endpoints of Globus Compute or funcX in ${roots.map(short).join(" and ")}.`
        : table(
          ["Old Endpoint", "Folder", "Configuration", "Profile"],
          found.map(({ name, folder, files, migrated }) => [
            name,
            short(folder),
            files[0],
            migrated ? "there" : "not yet",
          ]),
        ),
  );
}

async function one(context: CliContext, flags: Flags, nameOrPath: string): Promise<void> {
  const { home, env, output } = context;
  if (flags.as !== undefined) checkEndpointName(flags.as);
  const old = chooseOld(oldRoots(home.root, env), nameOrPath);
  const name = flags.as ?? nameFor(old);
  const target = flags.output === undefined ? profileFile(home, name) : resolve(flags.output);
  if (!flags.dryRun) assertFree(target, flags.output !== undefined);
  const facts = siteFacts(name, env);
  const migration = migrate(old, name, abbreviated(old.folder, env("HOME")), facts);
  await assertGood(migration, facts, env);
  if (!flags.dryRun) write(context, target, migration, flags.output !== undefined);
  const { text, profile, notes, variables, placeholders, files } = migration;
  const document = {
    name,
    from: { folder: old.folder, files },
    file: flags.dryRun ? null : target,
    profile,
    source: text,
    notes,
    variables,
    placeholders,
  };
  await output.show(document, (colours) => {
    if (flags.dryRun) return text.trimEnd();
    const short = abbreviated(target, env("HOME"));
    return [
      colours.green(`A profile has been made at ${short} of ${files.join(" and ")}.`),
      ...report(migration, colours),
      ...next(flags.output === undefined ? name : undefined, migration),
    ].join("\n");
  });
  // The profile alone is on standard output, so that it can go into a file.
  if (flags.dryRun && !output.json) {
    context.stderr.write(`${report(migration, style(context.stderr.color)).join("\n")}\n`);
  }
}

function nameFor({ name }: OldFiles): string {
  if (isEndpointName(name)) return name;
  throw new FuncxError({
    code: "USAGE",
    message: `"${oneLine(name)}" cannot be the name of an endpoint`,
    hint: "Name the new endpoint with --as NAME.",
  });
}

function assertFree(target: string, isOutput: boolean): void {
  try {
    Deno.lstatSync(target);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return;
    throw thrown;
  }
  throw new FuncxError({
    code: "PROFILE_EXISTS",
    message: `${target} is there already`,
    hint: isOutput
      ? "Name another file."
      : "Name the new endpoint with --as NAME, or look at the profile first with --dry-run.",
  });
}

function write({ home }: CliContext, target: string, { text }: Migration, isOutput: boolean): void {
  if (!isOutput) {
    ensurePrivateFolder(home.root);
    writeEditorFiles(home);
    ensurePrivateFolder(dirname(target));
  }
  if (readIfPresent(target) === undefined) writePrivateFile(target, text);
}

const HEADINGS: Readonly<Record<NoteKind, string>> = {
  "not-read": "Not taken over:",
  "no-equivalent": "Without an equivalent:",
  changed: "Taken over, with a difference:",
  default: "Old defaults that are written down:",
  "not-needed": "Not needed any more:",
};

function report({ notes, variables }: Migration, style: Style): string[] {
  const kinds = Object.keys(HEADINGS) as NoteKind[];
  const parts = kinds.flatMap((kind) => {
    const those = notes.filter((note) => note.kind === kind);
    if (those.length === 0) return [];
    return [
      "",
      style.bold(HEADINGS[kind]),
      ...(kind === "not-needed"
        ? [keysOf(those)]
        : those.flatMap((note) => noteLines(note, style))),
    ];
  });
  if (variables.length === 0) return parts;
  const lines = variables.map(({ name, default: text, targets }) => {
    const value = text === null ? "has no default" : `is ${JSON.stringify(text)}`;
    return `  ${
      oneLine(`${name} ${value}${targets.length === 0 ? "" : `: ${targets.join(", ")}`}`)
    }`;
  });
  return [
    ...parts,
    "",
    style.bold("Variables of the template, which a profile says once:"),
    ...lines,
  ];
}

function keysOf(notes: readonly MigrationNote[]): string {
  return `  ${oneLine([...new Set(notes.map(({ key }) => key))].join(", "))}`;
}

function noteLines({ kind, key, place, found, instead }: MigrationNote, style: Style): string[] {
  if (kind === "default") return [`  ${oneLine(instead)}`];
  const where = place === null ? "" : style.dim(` (${place.file}:${place.line})`);
  return [`  ${oneLine(key)}: ${oneLine(found)}${where}`, `    ${oneLine(instead)}`];
}

function next(name: string | undefined, { placeholders }: Migration): string[] {
  const left = placeholders.map(({ key, name: placeholder }) =>
    `    ${key}: <${placeholder}>, ${meaningOf(placeholder)}`
  );
  const fill = left.length === 0 ? [] : ["", "Fill in what only you know:", "", ...left];
  if (name === undefined) return fill;
  return [
    ...fill,
    "",
    "Look at it, then start the endpoint:",
    "",
    `    $ funcx-endpoint start ${name}`,
  ];
}
