/** Launchers of Parsl, which start a manager on each node of a block. */
import type { Launcher } from "../profile.d.ts";
import { type Draft, type Entry, refused } from "./draft.ts";
import { type OldMap, plainOf } from "./old_value.ts";

const TARGET = "executor.provider.launcher";

const PROGRAMS: Readonly<Record<string, Extract<Launcher, { overrides?: unknown }>["type"]>> = {
  SrunLauncher: "srun",
  SrunMPILauncher: "srun",
  MpiExecLauncher: "mpiexec",
  MpiRunLauncher: "mpiexec",
  AprunLauncher: "aprun",
  JsrunLauncher: "jsrun",
};

/** `launcher` of a provider; those of one node each are the default of profiles. */
export function takeLauncher(draft: Draft, entry: Entry): void {
  if (entry.value.kind !== "map") {
    if (!refused(draft, entry, TARGET)) draft.note("not-read", entry, `Write it as ${TARGET}.`);
    return;
  }
  const launcher = launcherOf(draft, entry, entry.value);
  if (launcher !== undefined) {
    draft.set(TARGET, launcher, { key: entry.key, place: entry.value.place });
  }
}

function launcherOf(draft: Draft, entry: Entry, old: OldMap): Launcher | undefined {
  const { type = "" } = old;
  if (type === "SingleNodeLauncher" || type === "SimpleLauncher") return { type: "single" };
  if (type === "WrappedLauncher") {
    return wrapped(draft, entry, textAt(draft, entry, old, "prepend"));
  }
  if (type === "GnuParallelLauncher") {
    draft.note("changed", entry, "A manager is started by logging in to each node.");
    return { type: "ssh" };
  }
  const program = Object.hasOwn(PROGRAMS, type) ? PROGRAMS[type] : undefined;
  if (program === undefined) {
    draft.note(
      "no-equivalent",
      entry,
      `Name what starts a program on each node as ${TARGET}: { type: "wrapped", command: … }.`,
    );
    return undefined;
  }
  const overrides = textAt(draft, entry, old, "overrides");
  if (overrides?.includes(";")) return ownCommand(draft, entry, overrides);
  const options = optionsOf(type, overrides, textAt(draft, entry, old, "bind_cmd"));
  if (/[$`&|<>]/.test(options)) {
    draft.note(
      "changed",
      entry,
      "No shell reads the options of a launcher here: write what its variables stand for.",
    );
  }
  return options === "" ? { type: program } : { type: program, overrides: options };
}

/** Where an `overrides` ends the launcher's own command to begin another one. */
function ownCommand(draft: Draft, entry: Entry, overrides: string): Launcher | undefined {
  draft.note(
    "changed",
    entry,
    "The command behind the semicolon is taken; a profile names it without that trick.",
  );
  return wrapped(draft, entry, overrides.slice(overrides.lastIndexOf(";") + 1));
}

function wrapped(draft: Draft, entry: Entry, text = ""): Launcher | undefined {
  const command = text.replace(/\\\s*$/, "").replace(/\s+/g, " ").trim();
  if (command !== "") return { type: "wrapped", command };
  draft.note(
    "not-read",
    entry,
    `Write the command that starts a program on each node as ${TARGET}.`,
  );
  return undefined;
}

/**
 * A profile's `mpiexec` starts one manager on each node by itself. `bind_cmd` was followed by "none"
 * in Parsl.
 */
function optionsOf(type: string, overrides = "", bind: string | undefined): string {
  const plain = overrides.replace(/\\?\n/g, " ").replace(/\s+/g, " ").trim();
  if (type !== "MpiExecLauncher") return plain;
  const own = plain.replace(/(^| )--?ppn[ =]1(?= |$)/, "").trim();
  return [bind === undefined || bind === "--bind-to" ? "" : `${bind} none`, own].filter(Boolean)
    .join(" ");
}

function textAt(draft: Draft, { key }: Entry, old: OldMap, name: string): string | undefined {
  const value = old.entries.get(name);
  if (value === undefined) return undefined;
  const entry = { key: `${key}.${name}`, value };
  if (refused(draft, entry, TARGET)) return undefined;
  const text = plainOf(value);
  return text === null ? undefined : String(text);
}
