import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { type AddressChoice, chooseAddress, type NetworkInterface } from "./addresses.ts";

const LO: NetworkInterface = { name: "lo", family: "IPv4", address: "127.0.0.1" };
const PUBLIC: NetworkInterface = { name: "eth0", family: "IPv4", address: "198.51.100.7" };
const PRIVATE: NetworkInterface = { name: "eth1", family: "IPv4", address: "10.1.2.3" };
const FAST: NetworkInterface = { name: "ib0", family: "IPv4", address: "10.9.0.1" };
const DOCKER: NetworkInterface = { name: "docker0", family: "IPv4", address: "172.17.0.1" };
const LINK_LOCAL: NetworkInterface = { name: "ib0", family: "IPv6", address: "fe80::1" };

function chosen(choice: AddressChoice): AddressChoice & { readonly kind: "chosen" } {
  assertTrue(choice.kind === "chosen", JSON.stringify(choice));
  return choice;
}

Deno.test("auto listens on the networks that nodes may come by, the likeliest first", () => {
  const all = [LO, PUBLIC, DOCKER, LINK_LOCAL, PRIVATE, FAST];
  const { addresses, reason, considered, route } = chosen(chooseAddress({ kind: "auto" }, all));
  assertEquals(addresses, [FAST.address, PRIVATE.address, PUBLIC.address]);
  assertEquals(route, "direct");
  assertMatch(reason, /^10\.9\.0\.1 of ib0: the cluster's fast network$/);
  assertEquals(considered.length, all.length);
  assertEquals(
    considered.filter(({ rank }) => rank === null).map(({ name }) => name).sort(),
    ["docker0", "ib0", "lo"],
  );
});

Deno.test("auto finds nothing where there is loopback alone", () => {
  const choice = chooseAddress({ kind: "auto" }, [LO, DOCKER]);
  assertEquals(choice.kind, "none");
  assertMatch(choice.reason, /no address but loopback/);
});

Deno.test("a given address or interface is listened on alone, or refused", () => {
  const all = [LO, PUBLIC, LINK_LOCAL, FAST];
  const address = PUBLIC.address;
  assertEquals(chosen(chooseAddress({ kind: "address", address }, all)).addresses, [address]);
  assertEquals(chosen(chooseAddress({ kind: "interface", name: "ib0" }, all)).addresses, [
    FAST.address,
  ]);
  assertEquals(chooseAddress({ kind: "interface", name: "ib7" }, all).kind, "none");
  assertEquals(chooseAddress({ kind: "address", address: "192.0.2.1" }, all).kind, "none");
});

Deno.test("by way of the service nothing but loopback is listened on", () => {
  const choice = chosen(chooseAddress({ kind: "service" }, [LO, PUBLIC]));
  assertEquals([choice.route, choice.addresses], ["service", ["127.0.0.1"]]);
});
