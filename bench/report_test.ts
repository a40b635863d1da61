import { assertEquals, assertMatch, assertThrows, assertTrue } from "../src/lib/assert.ts";
import { type Figure, FIGURES, FLOOR, FLOORS, OURS, PEERS } from "./figures.ts";
import { quantity, ratioTo, table, tableText, verdictsOf, withTable } from "./report.ts";
import { figuresOf, merge, NO_RESULTS, type Results, type Sample } from "./results.ts";

const RUN = { at: "2026-01-01T00:00:00.000Z", commit: "abc1234" };

function results(...samples: readonly Sample[]): Results {
  return merge(NO_RESULTS, { machine: null, figures: figuresOf(samples, RUN), notes: {} });
}

function figure(id: string): Figure {
  const found = FIGURES.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no figure ${id}`);
  return found;
}

function sample(id: string, subject: string, value: number): Sample {
  return { figure: id, subject, value };
}

Deno.test("every figure and floor has an id of its own, and every floor that is named is there", () => {
  const ids = [...FIGURES, ...FLOORS].map(({ id }) => id);
  assertEquals(new Set(ids).size, ids.length);
  const known = new Set(FLOORS.map(({ id }) => id));
  assertEquals(FIGURES.flatMap(({ floors = [] }) => floors).filter((id) => !known.has(id)), []);
});

Deno.test("a ratio above one is better, whichever way the figure goes", () => {
  const rate = results(sample("1.python", OURS, 50_000), sample("1.python", PEERS.parsl, 1_000));
  assertEquals(ratioTo(figure("1.python"), rate, PEERS.parsl), 50);
  const time = results(sample("3.p50", OURS, 2), sample("3.p50", PEERS.dask, 10));
  assertEquals(ratioTo(figure("3.p50"), time, PEERS.dask), 5);
  assertEquals(ratioTo(figure("3.p50"), time, PEERS.celery), undefined);
});

Deno.test("a requirement is reached by the median, at the boundary too", () => {
  const at = results(...[2, 1, 3].map((value) => sample("3.p50", OURS, value)));
  assertEquals(verdictsOf(figure("3.p50"), at), [{ required: "2 ms", reached: true }]);
  const above = results(sample("3.p50", OURS, 2.01));
  assertEquals(verdictsOf(figure("3.p50"), above)[0]?.reached, false);
  const peers = results(sample("1.python", OURS, 39_999), sample("1.python", PEERS.parsl, 1_000));
  assertEquals(verdictsOf(figure("1.python"), peers).map(({ reached }) => reached), [
    false,
    false,
    undefined,
  ]);
});

Deno.test("what is not reached stands beside its floor", () => {
  const slow = results(
    sample("3.p50", OURS, 4),
    sample("floor.fsync", FLOOR, 1.5),
    sample("3.p50.cpu", OURS, 0.75),
  );
  const text = tableText(slow);
  assertMatch(text, /one task at a time through the service, p50 .*\*\*no\*\* .*0\.75/);
  assertMatch(text, /4 ms +\| writing and syncing 4 KiB, p50: 1\.5 ms/);
  assertTrue(!tableText(results(sample("3.p50", OURS, 1))).includes("not reached"));
});

Deno.test("a partial run replaces what it measured and keeps the rest", () => {
  const first = results(sample("1.python", OURS, 1), sample("1.python", PEERS.parsl, 2));
  const merged = merge(first, results(sample("1.python", OURS, 5), sample("2.python", OURS, 7)));
  assertEquals(merged.figures["1.python"]?.[OURS]?.median, 5);
  assertEquals(merged.figures["1.python"]?.[PEERS.parsl]?.median, 2);
  assertEquals(Object.keys(merged.figures), ["1.python", "2.python"]);
});

Deno.test("a note is gone when its scenario was run again and has nothing to say", () => {
  const noted: Results = {
    ...NO_RESULTS,
    notes: { "Dask": "not installed", "Parsl": "2 workers" },
  };
  const later: Results = { ...NO_RESULTS, notes: { "Dask": "" } };
  assertEquals(merge(noted, later).notes, { "Parsl": "2 workers" });
});

Deno.test("only what lies between the marks of the page is replaced", () => {
  const page = "# Page\n\n<!-- measured: begin -->\n\nold\n\n<!-- measured: end -->\n\nrest\n";
  const written = withTable(page, results(sample("3.p50", OURS, 1)));
  assertMatch(written, /^# Page\n\n<!-- measured: begin -->\n\n\| # /);
  assertMatch(written, /<!-- measured: end -->\n\nrest\n$/);
  assertEquals(withTable(written, results(sample("3.p50", OURS, 1))), written);
  assertThrows(() => withTable("# Page\n", NO_RESULTS), /the page lacks/);
});

Deno.test("a table's columns are as wide as their widest cell", () => {
  assertEquals(table(["#", "what"], [["1", "longer"]]), [
    "| #  | what   |",
    "| -- | ------ |",
    "| 1  | longer |",
  ]);
});

Deno.test("quantities are shown to three digits, ratios to two places", () => {
  assertEquals(quantity(123_456.7, "/s"), "123,457 /s");
  assertEquals(quantity(1.23456, "ms"), "1.23 ms");
  assertEquals(quantity(0.987, "ratio"), "0.99");
});
