/** Old values in the form that a profile has. */
import type { Draft, Entry } from "./draft.ts";

/** Seconds as `HH:MM:SS`; texts as they are, with two digits of hours. */
export function walltimeOf(value: unknown): unknown {
  if (typeof value === "string") return value.trim().replace(/^(\d):/, "0$1:");
  if (typeof value !== "number" || !Number.isFinite(value) || value < 1) return value;
  const two = (part: number): string => String(Math.floor(part)).padStart(2, "0");
  return `${two(value / 3_600)}:${two(value / 60 % 60)}:${two(value % 60)}`;
}

/** What a scheduler is told may look like a number. */
export function wordOf(value: unknown): unknown {
  return typeof value === "number"
    ? String(value)
    : typeof value === "string"
    ? value.trim()
    : value;
}

/** Of Kubernetes, such as `1024Mi`; Parsl's numbers are gigabytes. */
export function memoryOf(value: unknown): unknown {
  const [, amount, unit] = /^(\d+)\s*([MGT])i?[bB]?$/.exec(String(value)) ?? [];
  if (amount === undefined) return value;
  const whole = Number(amount);
  return unit === "M" && whole % 1_024 === 0 ? `${whole / 1_024}G` : `${whole}${unit}`;
}

/** Cores are whole here. */
export function wholeCores(value: unknown, draft: Draft, entry: Entry): unknown {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  draft.note("changed", entry, `Cores are whole numbers here: ${Math.ceil(value)}.`);
  return Math.ceil(value);
}

/** `list:0,1:2,3` names the cores of each worker. */
export function affinityOf(value: unknown): unknown {
  if (value === "none") return undefined;
  return typeof value === "string" && value.startsWith("list:") ? value.slice(5).split(":") : value;
}

/** Words of a command line: quotes hold them together, and HOME and USER are known. */
export function wordsOf(value: unknown, draft: Draft, entry: Entry): unknown {
  if (typeof value !== "string") return value;
  const { user, home } = draft.site;
  const known = value.replace(
    /\$(?:\{(USER|HOME)\}|(USER|HOME)\b)/g,
    (_, a, b) => (a ?? b) === "USER" ? user : home,
  );
  if (known !== value) {
    draft.note("changed", entry, "No shell reads it here, so your own names are written.");
  }
  const words = [...known.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)];
  return words.map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single)
  );
}

/** A folder: `$HOME/x` is `~/x`. */
export function folderOf(value: unknown, draft: Draft, entry: Entry): unknown {
  if (typeof value !== "string") return value;
  const path = value.replace(/^\$(HOME\b|\{HOME\})/, "~");
  if (path.includes("$")) {
    draft.note(
      "not-read",
      entry,
      "No variables stand in a path here. Write the path as executor.workingFolder.",
    );
    return undefined;
  }
  if (path === "." || path === "./" || path === "tasks_working_dir") {
    draft.note("not-needed", entry, 'Tasks run in the folder "tasks" of the endpoint.');
    return undefined;
  }
  return path;
}

/** Lines of shell; those with a placeholder mean something else to a shell, and are told. */
export function shellLinesOf(value: unknown, draft: Draft, entry: Entry): unknown {
  if (typeof value !== "string") return value;
  const lines = value.trimEnd().split("\n");
  const kept = lines.filter((line) => !/<[A-Z][A-Z0-9_]*>/.test(line));
  if (kept.length < lines.length) {
    draft.note(
      "not-read",
      entry,
      "Lines with what a user of the template gives are left out. Write yours as executor.workerInit.",
    );
  }
  if (kept.some((line) => /pip3? install .*(globus-compute|funcx)/.test(line))) {
    draft.note(
      "changed",
      entry,
      "Workers need no globus-compute-endpoint here: take `pip install` of it out.",
    );
  }
  const text = kept.join("\n");
  return text.trim() === "" ? undefined : text;
}
