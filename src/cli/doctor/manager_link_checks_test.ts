import { assertEquals, assertMatch } from "../../lib/assert.ts";
import type { ResolvedProfile } from "../../profile/schema.ts";
import type { Check } from "./check.ts";
import { managerLinkChecks } from "./manager_link_checks.ts";

const LOOPBACK = { name: "lo", family: "IPv4", address: "127.0.0.1" } as const;
const ETHERNET = { name: "eth0", family: "IPv4", address: "10.1.0.4" } as const;
const INFINIBAND = { name: "ib0", family: "IPv4", address: "10.2.0.4" } as const;

function checks(
  type: string,
  interfaces: Parameters<typeof managerLinkChecks>[1],
  portRange: readonly [number, number] | null = null,
): Check[] {
  const link = { address: { kind: "auto" }, portRange, reattachSeconds: 600 };
  const profile = { executor: { provider: { type }, link } } as unknown as ResolvedProfile;
  return [...managerLinkChecks({ profile }, interfaces)];
}

Deno.test("an endpoint with blocks is told which address nodes dial, and why", () => {
  const [check] = checks("slurm", [LOOPBACK, ETHERNET, INFINIBAND], [9_000, 9_010]);
  assertEquals(check, {
    name: "manager link",
    status: "ok",
    message: "nodes dial 10.2.0.4, ports 9000 to 9010 " +
      "(10.2.0.4 of ib0: the cluster's fast network); then 10.1.0.4",
  });
});

Deno.test("a machine that no node can reach fails, with what was found", () => {
  const [check] = checks("slurm", [LOOPBACK]);
  assertEquals(check!.status, "failed");
  assertMatch(check!.message, /127\.0\.0\.1 of lo \(loopback/);
  assertMatch(check!.mend!, /executor\.address/);
});

Deno.test("workers of this machine need no link", () => {
  assertEquals(checks("local", [LOOPBACK]), []);
});
