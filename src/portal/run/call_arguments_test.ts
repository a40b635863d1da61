import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { asForm, asJson } from "./call_arguments.ts";
import type { Draft } from "./draft.ts";
import { fieldsOf } from "./parameter_fields.ts";
import { NO_OPTIONS } from "./run_options.ts";

const fields = fieldsOf({
  properties: { a: { type: "string" }, b: { type: "integer" }, c: { type: "number" } },
  required: ["a", "b"],
  "x-order": ["a", "b", "c"],
})!;

function draftOf(entered: Draft["entered"]): Draft {
  return { mode: "form", entered, args: "[]", kwargs: "{}", options: NO_OPTIONS };
}

Deno.test("a form that is half filled is JSON as far as it goes, and the same when one comes back", () => {
  const draft = draftOf({ a: "text", c: "many" });
  const json = asJson(draft, fields, "python");
  assertEquals([json.mode, json.args, json.kwargs], ["json", '[\n  "text"\n]', "{}"]);
  assertEquals(asForm(json, fields, "python"), { ...json, mode: "form", entered: draft.entered });
});

Deno.test("what is changed in the JSON is what the form has then", () => {
  const json = { ...asJson(draftOf({ a: "text" }), fields, "python"), args: '["other", 2]' };
  assertEquals(asForm(json, fields, "python")?.entered, { a: "other", b: "2" });
});

Deno.test("JSON that the form would change stays JSON", () => {
  for (const args of ["[5]", "[null]", "[1, 2, 3, 4]", "["]) {
    assertTrue(asForm({ ...draftOf({}), mode: "json", args }, fields, "python") === undefined);
  }
});
