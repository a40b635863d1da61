import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { chooseAddress, type NetworkInterface } from "./addresses.ts";

const LOOPBACK: NetworkInterface = { name: "lo", family: "IPv4", address: "127.0.0.1" };
const ETHERNET: NetworkInterface = { name: "eth0", family: "IPv4", address: "10.1.0.4" };
const INFINIBAND: NetworkInterface = { name: "ib0", family: "IPv4", address: "10.2.0.4" };
const PUBLIC: NetworkInterface = { name: "eth1", family: "IPv4", address: "198.51.100.7" };
const DOCKER: NetworkInterface = { name: "docker0", family: "IPv4", address: "172.17.0.1" };
const SIX: NetworkInterface = { name: "eth0", family: "IPv6", address: "2001:db8::4" };
const LOCAL_SIX: NetworkInterface = { name: "eth0", family: "IPv6", address: "fe80::4" };
const AUTO = { kind: "auto" } as const;

Deno.test("auto puts first what nodes most likely reach, and says why", () => {
  const all = [LOOPBACK, DOCKER, SIX, LOCAL_SIX, PUBLIC, ETHERNET, INFINIBAND];
  const choice = chooseAddress(AUTO, all);
  assertTrue(choice.kind === "chosen");
  assertEquals(choice.addresses, ["10.2.0.4", "10.1.0.4", "198.51.100.7", "2001:db8::4"]);
  assertEquals(choice.hostname, "::");
  const four = chooseAddress(AUTO, [ETHERNET, INFINIBAND]);
  assertTrue(four.kind === "chosen" && four.hostname === "0.0.0.0");
  assertMatch(choice.reason, /^10\.2\.0\.4 of ib0: the cluster's fast network$/);
  assertEquals(choice.considered.length, all.length);
  const left = choice.considered.filter(({ rank }) => rank === null);
  assertEquals(left.map(({ name }) => name).sort(), ["docker0", "eth0", "lo"]);
});

Deno.test("one address is listened on alone", () => {
  const choice = chooseAddress(AUTO, [LOOPBACK, ETHERNET]);
  assertTrue(choice.kind === "chosen");
  assertEquals([choice.addresses, choice.hostname], [["10.1.0.4"], "10.1.0.4"]);
});

Deno.test("a machine with nothing but loopback has none", () => {
  const choice = chooseAddress(AUTO, [LOOPBACK, DOCKER]);
  assertTrue(choice.kind === "none");
  assertMatch(choice.reason, /no address but loopback/);
});

Deno.test("what the profile names is taken, when it is this machine's", () => {
  const all = [LOOPBACK, LOCAL_SIX, ETHERNET];
  const byName = chooseAddress({ kind: "interface", name: "eth0" }, all);
  assertTrue(byName.kind === "chosen" && byName.hostname === "10.1.0.4");
  const byAddress = chooseAddress({ kind: "address", address: "127.0.0.1" }, all);
  assertTrue(byAddress.kind === "chosen" && byAddress.hostname === "127.0.0.1");
  const foreign = chooseAddress({ kind: "address", address: "10.9.9.9" }, all);
  assertTrue(foreign.kind === "none");
  assertMatch(foreign.reason, /10\.9\.9\.9 is not an address of this machine/);
  const unknown = chooseAddress({ kind: "interface", name: "ib0" }, all);
  assertTrue(unknown.kind === "none");
  assertMatch(unknown.reason, /no interface ib0/);
});
