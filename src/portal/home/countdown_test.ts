import { assertEquals } from "../../lib/assert.ts";
import { countdownText, isOfThisMachine } from "./countdown.ts";

Deno.test("a countdown has whole seconds, and ends at 0:00", () => {
  assertEquals([600, 599.2, 59, 0.1, 0, -3, 3_723].map(countdownText), [
    "10:00",
    "9:59",
    "0:59",
    "0:00",
    "0:00",
    "0:00",
    "1:02:03",
  ]);
});

Deno.test("only loopback addresses are those of this machine", () => {
  const urls = [
    "http://127.0.0.1:5000",
    "http://localhost:5000",
    "http://[::1]:5000",
    "https://funcx.example.org",
    "https://127.example.org",
  ];
  assertEquals(urls.map(isOfThisMachine), [true, true, true, false, false]);
});
