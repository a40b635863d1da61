/** A function that is being written, and what is wrong with it as long as it cannot be registered. */
import {
  functionFromSource,
  type FunctionSource,
  FuncxError,
  inContainer,
  type Runtime,
  type Signature,
  signatureOf,
} from "../../client/mod.ts";
import { exportedNames, pythonFunctions } from "../../client/source_scan.ts";
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from "../../contract/limits.ts";
import { english } from "../texts/english.ts";
import { EXAMPLES } from "./examples.ts";

export interface FunctionDraft {
  readonly runtime: Runtime;
  /** One of each runtime, so that another choice loses nothing. */
  readonly texts: Readonly<Record<Runtime, string>>;
  /** The export or function that is called; empty for the one that goes without saying. */
  readonly entry: string;
  /** Empty for the one that is proposed. */
  readonly name: string;
  readonly description: string;
  readonly public: boolean;
  /** Of a container; empty for none. */
  readonly image: string;
}

export type DraftField = "text" | "name" | "description" | "image";

export interface CheckedDraft {
  /** Exports or functions to choose from. */
  readonly entries: readonly string[];
  /** The chosen one of them. */
  readonly entry: string | undefined;
  readonly proposedName: string;
  readonly outcome:
    | {
      readonly kind: "ready";
      readonly source: FunctionSource;
      readonly signature: Signature | undefined;
    }
    | { readonly kind: "wrong"; readonly field: DraftField; readonly message: string };
}

export function newDraft(): FunctionDraft {
  const first = (runtime: Runtime): string => EXAMPLES[runtime][0]!.text;
  return {
    runtime: "python",
    texts: {
      python: first("python"),
      typescript: first("typescript"),
      shell: first("shell"),
    },
    entry: "",
    name: "",
    description: "",
    public: false,
    image: "",
  };
}

export function checkDraft(draft: FunctionDraft): CheckedDraft {
  const text = draft.texts[draft.runtime];
  const entries = entriesOf(draft.runtime, text);
  const entry = entries.find((name) => name === draft.entry) ??
    entries.find((name) => name === "default") ?? entries[0];
  const proposedName = proposeName(draft.runtime, text, entry);
  return { entries, entry, proposedName, outcome: outcomeOf(draft, entry, proposedName) };
}

function outcomeOf(
  draft: FunctionDraft,
  entry: string | undefined,
  proposedName: string,
): CheckedDraft["outcome"] {
  const { runtime, description, image } = draft;
  const text = draft.texts[runtime];
  const name = draft.name.trim();
  const wrong = (field: DraftField, message: string): CheckedDraft["outcome"] => ({
    kind: "wrong",
    field,
    message,
  });
  if (name.length > MAX_NAME_LENGTH) return wrong("name", english.newFunction.tooLong);
  if (/\p{Cc}/u.test(name)) return wrong("name", english.newFunction.controlCharacters);
  if (description.length > MAX_DESCRIPTION_LENGTH) {
    return wrong("description", english.newFunction.tooLong);
  }
  const problem = syntaxProblem(runtime, text);
  if (problem !== undefined) return wrong("text", problem);
  let field: DraftField = "text";
  try {
    const plain = functionFromSource({
      text,
      runtime,
      origin: english.newFunction.origin,
      entry,
      name: name === "" ? proposedName : name,
      fallbackName: proposedName,
    });
    field = "image";
    const source = image.trim() === "" || runtime === "typescript"
      ? plain
      : inContainer(plain, image.trim());
    return { kind: "ready", source, signature: signatureOf(source) };
  } catch (thrown) {
    if (!(thrown instanceof FuncxError)) throw thrown;
    return wrong(
      field,
      [thrown.message, thrown.hint].filter((part) => part !== undefined).join("; "),
    );
  }
}

function entriesOf(runtime: Runtime, text: string): readonly string[] {
  switch (runtime) {
    case "typescript":
      return exportedNames(text);
    case "python":
      return pythonFunctions(text);
    case "shell":
      return [];
  }
}

/** That of the function, or the command. */
function proposeName(runtime: Runtime, text: string, entry: string | undefined): string {
  if (runtime === "shell") {
    const command = text.split("\n").find((line) => !/^\s*(#|$)/.test(line)) ?? "";
    return /^[\s(]*([\w./-]+)/.exec(command)?.[1]?.split("/").at(-1)?.slice(0, 100) || "shell";
  }
  if (entry !== undefined && entry !== "default") return entry;
  const named =
    /\bexport\s+default\s+(?:async\s+)?(?:function\s*\*?\s*)?([\p{ID_Start}$_][\p{ID_Continue}$]*)/u
      .exec(text)?.[1];
  return named === undefined || ["async", "function", "class"].includes(named) ? "function" : named;
}

/** Only what is certain: an endpoint has the last word. */
function syntaxProblem(runtime: Runtime, text: string): string | undefined {
  switch (runtime) {
    case "shell": {
      const rest = text.replaceAll(
        /\{\{|\}\}|\{(?:[A-Za-z_][A-Za-z0-9_]*|\d+)\}/g,
        (found) => " ".repeat(found.length),
      );
      const brace = /[{}]/.exec(rest);
      if (brace === null) return undefined;
      return english.newFunction.loneBrace(brace[0], lineOf(text, brace.index));
    }
    case "python":
    case "typescript":
      return undefined;
  }
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** What was kept of a draft; undefined for what is none. */
export function parseDraft(kept: string | null): FunctionDraft | undefined {
  if (kept === null) return undefined;
  try {
    const draft = JSON.parse(kept) as FunctionDraft;
    const isWhole = ["python", "typescript", "shell"].includes(draft.runtime) &&
      [...Object.values(draft.texts), draft.name, draft.description, draft.image, draft.entry]
        .every((text) => typeof text === "string");
    return isWhole ? { ...newDraft(), ...draft } : undefined;
  } catch {
    return undefined;
  }
}
