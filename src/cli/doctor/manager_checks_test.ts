import { chooseAddress, type NetworkInterface } from "../../endpoint/managers/addresses.ts";
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import type { LinkAddress } from "../../profile/manager_link.ts";
import type { Check } from "./check.ts";
import { addressCheck } from "./manager_checks.ts";

const LO: NetworkInterface = { name: "lo", family: "IPv4", address: "127.0.0.1" };
const FAST: NetworkInterface = { name: "ib0", family: "IPv4", address: "10.9.0.1" };
const PUBLIC: NetworkInterface = { name: "eth0", family: "IPv4", address: "198.51.100.7" };

function check(
  wanted: LinkAddress,
  interfaces: readonly NetworkInterface[],
  url: string | null = null,
): Check {
  return addressCheck(wanted, chooseAddress(wanted, interfaces), url);
}

Deno.test("auto is told with the reason, what comes next, and what was left out", () => {
  const { status, message } = check({ kind: "auto" }, [LO, PUBLIC, FAST]);
  assertEquals(status, "ok");
  assertEquals(
    message,
    "they dial 10.9.0.1 of ib0: the cluster's fast network, then 198.51.100.7; " +
      "not 127.0.0.1 of lo (loopback: this machine alone)",
  );
});

Deno.test("an address of the profile is told, or that it is not this machine's", () => {
  const there = check({ kind: "interface", name: "ib0" }, [FAST]);
  assertMatch(there.message, /^they dial 10\.9\.0\.1: the profile names the interface ib0$/);
  const gone = check({ kind: "address", address: "192.0.2.1" }, [LO, FAST]);
  assertEquals(gone.status, "failed");
  assertMatch(
    gone.message,
    /192\.0\.2\.1 is not an address of this machine; not 10\.9\.0\.1 of ib0/,
  );
  assertMatch(gone.mend ?? "", /executor\.address/);
});

Deno.test("by the service: where that is, and that loopback is no place for it", () => {
  const service: LinkAddress = { kind: "service" };
  assertEquals(check(service, [LO]).status, "ok");
  assertEquals(check(service, [LO], "https://funcx.example.org").status, "ok");
  const near = check(service, [LO], "http://127.0.0.1:5000");
  assertEquals(near.status, "warning");
  assertMatch(near.message, /from other nodes that leads nowhere/);
});
