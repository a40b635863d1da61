import fc from "fast-check";
import * as v from "valibot";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { hasKeyLeftOut, valuesOf } from "../testing/schema_values.ts";
import { spoilt } from "../testing/spoilt.ts";
import { decode, encode } from "./codec.ts";
import { type Ended, EndedSchema } from "./manager_messages.ts";
import { isUsualEnded } from "./usual_ended.ts";

/** Of attempts that succeeded or were given back, at least one. */
const USUAL: fc.Arbitrary<Ended> = valuesOf(EndedSchema)
  .filter(({ attempts }) => attempts.length > 0)
  .filter(({ attempts }) => !attempts.some(({ details }) => hasKeyLeftOut(details)))
  .map((message): Ended => ({
    ...message,
    attempts: message.attempts.map((attempt, index) => ({
      ...attempt,
      outcome: index % 2 === 0
        ? { kind: "success", result: new Uint8Array(index) }
        : { kind: "returned" },
    })),
  }));

Deno.test("whatever is taken, the schema takes and gives back as it was", () => {
  const values = fc.oneof(spoilt(USUAL), spoilt(valuesOf(EndedSchema)), USUAL);
  fc.assert(
    fc.property(values, (value) => {
      for (const one of [value, decode(encode(value))]) {
        if (!isUsualEnded(one)) continue;
        const parsed = v.safeParse(EndedSchema, one);
        assertTrue(parsed.success, "the schema refuses it");
        assertEquals(parsed.output, one);
      }
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("ends of the usual kind are taken, and a result in a file is left to the schema", () => {
  fc.assert(fc.property(USUAL, (value) => isUsualEnded(decode(encode(value)))));
  const attempt = {
    task_id: "0190a5b4-7c1e-7000-8000-000000000000",
    attempt: 1,
    timeline: [],
    details: {},
    outcome: { kind: "success", result: new Uint8Array(0), file_size: 1 },
  };
  assertTrue(!isUsualEnded({ type: "ended", limit: 1, attempts: [attempt] }));
  assertTrue(!isUsualEnded({ type: "ended", limit: 1, attempts: [{ ...attempt, attempt: 0 }] }));
});
