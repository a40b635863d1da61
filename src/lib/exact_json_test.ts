import { assertEquals, assertThrows } from "./assert.ts";
import { isRawNumber, parseKeepingNumbers } from "./exact_json.ts";

Deno.test("numbers come out as they went in, whatever a JavaScript number would make of them", () => {
  for (
    const text of [
      "9007199254740993",
      "-1152921504606846977",
      "2.0",
      "-0",
      "-0.0",
      "0.10",
      "1e3",
      "1E400",
      "0.1000000000000000055511151231257827",
      '{"a":[1,2.0,{"b":9007199254740993}],"c":"2.0 and 9007199254740993"}',
      '[1,0.5,true,null,"text"]',
    ]
  ) {
    assertEquals(JSON.stringify(parseKeepingNumbers(text)), text);
  }
  assertEquals(JSON.stringify(parseKeepingNumbers("[2.0]"), null, 2), "[\n  2.0\n]");
});

Deno.test("a number that survives stays a number", () => {
  assertEquals(parseKeepingNumbers("[7, -3, 0.5, 9007199254740991]"), [7, -3, 0.5, 2 ** 53 - 1]);
  for (const [text, expected] of [["2.0", true], ["2", false], ['"2.0"', false]] as const) {
    assertEquals(isRawNumber(parseKeepingNumbers(text)), expected);
  }
});

Deno.test("what is not JSON is refused as JSON.parse does it", () => {
  for (const text of ["2.", "01.5", "[2.0", "", "1e"]) {
    assertThrows(() => parseKeepingNumbers(text), /JSON/);
  }
});
