import { assertEquals, assertMatch } from "../../lib/assert.ts";
import type { Runtime } from "../../client/mod.ts";
import { EXAMPLES } from "./examples.ts";
import { checkDraft, type FunctionDraft, newDraft, parseDraft } from "./function_draft.ts";

function draft(runtime: Runtime, text: string, change: Partial<FunctionDraft> = {}): FunctionDraft {
  const { texts, ...rest } = newDraft();
  return { ...rest, runtime, texts: { ...texts, [runtime]: text }, ...change };
}

function problemOf(checked: FunctionDraft): string {
  const { outcome } = checkDraft(checked);
  return outcome.kind === "wrong" ? `${outcome.field}: ${outcome.message}` : "none";
}

Deno.test("every example can be registered, and its parameters are known", () => {
  for (const runtime of ["typescript", "python", "shell"] as const) {
    for (const { id, text } of EXAMPLES[runtime]) {
      const { outcome } = checkDraft(draft(runtime, text));
      const known = outcome.kind === "ready" && outcome.signature !== undefined;
      assertEquals([runtime, id, known], [runtime, id, true]);
    }
  }
});

Deno.test("a name is proposed from the source", () => {
  const names = [
    draft("python", "def fit(x): pass"),
    draft("typescript", "export default async function fit() {}"),
    draft("typescript", "const fit = () => 1;\nexport default fit;"),
    draft("typescript", "export default () => 1;"),
    draft("typescript", "export const a = () => 1;\nexport const b = () => 2;", { entry: "b" }),
    draft("shell", "# first\n/usr/bin/sort {file}"),
    draft("shell", "\n"),
  ].map((one) => checkDraft(one).proposedName);
  assertEquals(names, ["fit", "fit", "fit", "function", "b", "sort", "shell"]);
});

Deno.test("of several functions one is chosen, and another when that one is gone", () => {
  const text = "def a(x): pass\ndef b(y): pass";
  const chosen = checkDraft(draft("python", text, { entry: "b" }));
  assertEquals([chosen.entries, chosen.entry], [["a", "b"], "b"]);
  assertEquals(checkDraft(draft("python", text, { entry: "c" })).entry, "a");
  const { outcome } = chosen;
  assertEquals(outcome.kind === "ready" && outcome.signature?.required, ["y"]);
});

Deno.test("what is wrong is told of its field", () => {
  assertMatch(problemOf(draft("python", " \n")), /^text: .*empty/);
  assertMatch(problemOf(draft("python", "x = 1")), /^text: .*no top-level function/);
  assertMatch(problemOf(draft("typescript", "import x from 'y';")), /^text: .*imports y/);
  assertMatch(problemOf(draft("shell", "echo\nawk '{print}{'")), /^text: .*line 2/);
  assertMatch(problemOf(draft("shell", "ls", { image: "-v /:/" })), /^image: /);
  assertMatch(problemOf(draft("shell", "ls", { name: "a\u0007" })), /^name: /);
  assertEquals(problemOf(draft("shell", "ls", { image: "docker.io/library/python:3.12" })), "none");
});

Deno.test("a draft is kept as it was, and rubbish is not taken for one", () => {
  const kept = draft("shell", "ls {folder}", { public: true });
  assertEquals(parseDraft(JSON.stringify(kept)), kept);
  for (
    const rubbish of [null, "", "{", "null", "{}", '{"runtime":"python","texts":{"python":1}}']
  ) {
    assertEquals(parseDraft(rubbish), undefined);
  }
});
