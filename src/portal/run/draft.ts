/** What somebody has entered for a function: kept until the tab is closed, also over a reload. */
import { NO_OPTIONS, type TypedOptions } from "./run_options.ts";
import type { Entered } from "./parameter_fields.ts";

export interface Draft {
  readonly mode: "form" | "json";
  readonly entered: Entered;
  /** JSON. */
  readonly args: string;
  readonly kwargs: string;
  readonly options: TypedOptions;
}

const EMPTY_DRAFT: Draft = {
  mode: "form",
  entered: {},
  args: "[]",
  kwargs: "{}",
  options: NO_OPTIONS,
};
const KEY = "funcx.run.";
/** A browser keeps some megabytes for all pages. */
const MAX_KEPT = 200_000;

export function keptDraft(functionId: string): Draft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY + functionId) ?? "{}") as Partial<Draft>;
    return { ...EMPTY_DRAFT, ...kept, options: { ...NO_OPTIONS, ...kept.options } };
  } catch {
    return EMPTY_DRAFT;
  }
}

export function keepDraft(functionId: string, draft: Draft): void {
  const text = JSON.stringify(draft);
  if (text.length > MAX_KEPT) return;
  try {
    sessionStorage.setItem(KEY + functionId, text);
  } catch {
    // Storage that is full or not allowed: the page still has it.
  }
}
