import { assertEquals } from "../../lib/assert.ts";
import { siteOf } from "./site.ts";

for (
  const [named, hostname, site] of [
    ["anvil", "login1.cluster.example.org", "anvil"],
    [undefined, "login1.cluster.example.org", "cluster.example.org"],
    [undefined, "login1", "login1"],
    [undefined, "login1.", "login1."],
    [undefined, "10.0.0.7", "10.0.0.7"],
    [undefined, "fe80::1.2", "fe80::1.2"],
    [undefined, null, ""],
    ["", "login1", "login1"],
    ["two\nlines", "login1", "login1"],
    ["x".repeat(201), "login1", "login1"],
    [7, "login1", "login1"],
  ] as const
) {
  Deno.test(`an endpoint that calls its site ${JSON.stringify(named)} at ${hostname} is at ${site}`, () => {
    assertEquals(siteOf(named, hostname), site);
  });
}
