import { assertEquals } from "../../lib/assert.ts";
import { followedIn, goneAfter, joinInterests } from "./interest.ts";

const [a, b, c] = ["a", "b", "c"].map((letter) =>
  letter.repeat(8) + "-0000-4000-8000-000000000000"
);

Deno.test("parts of a page share one interest", () => {
  assertEquals(
    joinInterests([
      { endpoints: [b, a] },
      { endpoints: [a, c], stats: true },
      { tasks: { limit: 10 }, machine: c },
      { tasks: { limit: 20, status: "failed" }, task_ids: [a] },
    ]),
    {
      endpoints: [a, b, c],
      stats: true,
      tasks: { limit: 20, status: "failed" },
      machine: c,
      task_ids: [a],
    },
  );
});

Deno.test("nothing is asked for that nobody wants", () => {
  assertEquals(joinInterests([]), {});
  assertEquals(joinInterests([{ endpoints: [] }, { stats: false }]), {});
});

Deno.test("what nobody follows any more is forgotten", () => {
  const known = new Map([["a", 1], ["b", 2], ["c", 3]]);
  assertEquals([...followedIn(known, ["c", "a", "d"])], [["a", 1], ["c", 3]]);
  assertEquals(followedIn(known).size, 0);
  assertEquals(followedIn(known, ["a", "b", "c"]) === known, true);
});

Deno.test("an endpoint that is there again has not gone", () => {
  const gone = goneAfter(new Set(["a"]), ["b"], ["c"]);
  assertEquals([...gone], ["a", "b"]);
  assertEquals([...goneAfter(gone, [], ["b", "c"])], ["a"]);
  assertEquals(goneAfter(gone, ["a"], ["c"]) === gone, true);
});
