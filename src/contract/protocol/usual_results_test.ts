import fc from "fast-check";
import * as v from "valibot";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { hasKeyLeftOut, valuesOf } from "../testing/schema_values.ts";
import { spoilt } from "../testing/spoilt.ts";
import { decode, encode } from "./codec.ts";
import { type Results, ResultsSchema } from "./messages.ts";
import { isUsualResults } from "./usual_results.ts";

/** Of successful tasks, at least one. */
const SUCCESSES: fc.Arbitrary<Results> = valuesOf(ResultsSchema)
  .filter(({ results }) => results.length > 0)
  .filter(({ results }) => !results.some(({ details = {} }) => hasKeyLeftOut(details)))
  .map(({ type, results }) => ({
    type,
    results: results.map(({ error: _, ...result }) => ({ ...result, state: "success" })),
  }));

/** As it comes off a link. */
function received(value: unknown): unknown {
  return decode(encode(value));
}

Deno.test("whatever is taken, the schema takes and gives back as it was", () => {
  const values = fc.oneof(spoilt(SUCCESSES), spoilt(valuesOf(ResultsSchema)), SUCCESSES);
  fc.assert(
    fc.property(values, (value) => {
      for (const one of [value, received(value)]) {
        if (!isUsualResults(one)) continue;
        const parsed = v.safeParse(ResultsSchema, one);
        assertTrue(parsed.success, "the schema refuses it");
        assertEquals(parsed.output, one);
      }
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("results of successful tasks are taken", () => {
  fc.assert(fc.property(SUCCESSES, (value) => isUsualResults(received(value))));
});

Deno.test("one wrong place among many is enough", () => {
  const event = { state: "running", at: 1, by: "worker", attempt: 1 };
  const result = {
    task_id: "0190a5b4-7c1e-7000-8000-000000000000",
    attempt: 1,
    state: "success",
    timeline: [event],
  };
  const takes = (change: Record<string, unknown>): boolean =>
    isUsualResults({ type: "results", results: [result, { ...result, ...change }] });
  assertTrue(takes({ result: new Uint8Array(1), details: { pid: 1 } }));
  const wrong: readonly Record<string, unknown>[] = [
    { task_id: "1" },
    { attempt: 0.5 },
    { attempt: 1_000 },
    { state: "running" },
    { state: "failed" },
    { result: "text" },
    { stdout: [1] },
    { stderr: null },
    { timeline: {} },
    { timeline: Array(1_000).fill(event) },
    { timeline: [{ ...event, at: Infinity }] },
    { timeline: [{ ...event, at: "1" }] },
    { timeline: [{ ...event, by: "nobody" }] },
    { timeline: [{ ...event, state: "gone" }] },
    { timeline: [{ ...event, detail: 1 }] },
    { timeline: [{ ...event, more: 1 }] },
    { details: [] },
    { details: { constructor: 1 } },
    { error: { code: "E", type: "E", message: "", traceback: "" } },
    { more: 1 },
  ];
  assertEquals(wrong.filter(takes), []);
  assertTrue(!isUsualResults({ type: "results", results: Array(10_000).fill(result) }));
  assertTrue(!isUsualResults({ type: "results", results: [result], more: 1 }));
});
