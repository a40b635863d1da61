/** Which address of this machine the nodes of a cluster can reach; pure, so that `doctor` can tell why. */

import type { LinkAddress } from "../../profile/manager_link.ts";

/** As `Deno.networkInterfaces` gives them. */
export type NetworkInterface = Pick<
  Deno.NetworkInterfaceInfo,
  "name" | "family" | "address"
>;

/** An address that was considered, and what speaks for or against it. */
export interface ConsideredAddress {
  readonly address: string;
  readonly name: string;
  /** The higher the better; null when it cannot be. */
  readonly rank: number | null;
  readonly reason: string;
}

export type AddressChoice =
  | {
    readonly kind: "chosen";
    /** Whether managers dial this machine, or the service, which brings them here. */
    readonly route: "direct" | "service";
    /**
     * What to listen on, the best first. On a direct route managers try them in this order. A machine
     * with several networks listens on each that nodes may come by, since it cannot know which, and on
     * nothing else: nobody dials loopback or a bridge to containers, and an address that it gets later
     * is in no connection file.
     */
    readonly addresses: readonly string[];
    readonly reason: string;
    readonly considered: readonly ConsideredAddress[];
  }
  | {
    readonly kind: "none";
    readonly reason: string;
    readonly considered: readonly ConsideredAddress[];
  };

/** Addresses that are written into a connection file when none was given. */
const MAX_ADDRESSES = 4;

/** Where the agent hands to its own listener what comes by way of the service. */
const LOOPBACK = "127.0.0.1";

export function chooseAddress(
  wanted: LinkAddress,
  interfaces: readonly NetworkInterface[],
): AddressChoice {
  const considered = interfaces.map(consider).sort((a, b) => (b.rank ?? -1) - (a.rank ?? -1));
  switch (wanted.kind) {
    case "auto":
      return automatic(considered);
    case "service":
      return {
        kind: "chosen",
        route: "service",
        addresses: [LOOPBACK],
        reason: "the profile has managers dial the service",
        considered,
      };
    case "address": {
      const found = considered.find(({ address }) => address === wanted.address);
      const missing = `${wanted.address} is not an address of this machine`;
      return given(found, "the profile names the address", missing, considered);
    }
    case "interface": {
      const found = considered.find(({ name, reason }) =>
        name === wanted.name && reason !== LINK_LOCAL
      );
      const missing = `this machine has no interface ${wanted.name} with an address`;
      return given(found, `the profile names the interface ${wanted.name}`, missing, considered);
    }
  }
}

function given(
  found: ConsideredAddress | undefined,
  reason: string,
  missing: string,
  considered: readonly ConsideredAddress[],
): AddressChoice {
  if (found === undefined) return { kind: "none", reason: missing, considered };
  return { kind: "chosen", route: "direct", addresses: [found.address], reason, considered };
}

function automatic(considered: readonly ConsideredAddress[]): AddressChoice {
  const usable = considered.filter(({ rank }) => rank !== null).slice(0, MAX_ADDRESSES);
  const [best] = usable;
  if (best === undefined) {
    const reason = "this machine has no address but loopback, so no other node can reach it";
    return { kind: "none", reason, considered };
  }
  return {
    kind: "chosen",
    route: "direct",
    addresses: usable.map(({ address }) => address),
    reason: `${best.address} of ${best.name}: ${best.reason}`,
    considered,
  };
}

const LINK_LOCAL = "link-local: valid on one cable only";
/** Bridges and tunnels that lead to containers or virtual machines of this machine. */
const INNER = /^(docker|br-|veth|virbr|cni|flannel|cali|lxc|lxd|podman|tun|tap|wg|tailscale|zt)/;
const FAST = /^(ib|hsn|opa|bond\d*ib)/;

function consider({ name, family, address }: NetworkInterface): ConsideredAddress {
  const judged = (rank: number | null, reason: string): ConsideredAddress => (
    { address, name, rank, reason }
  );
  if (name === "lo" || address === "::1" || address.startsWith("127.")) {
    return judged(null, "loopback: this machine alone");
  }
  if (/^(fe80:|169\.254\.)/i.test(address)) return judged(null, LINK_LOCAL);
  if (INNER.test(name)) return judged(null, "a bridge or tunnel of this machine");
  if (family === "IPv6") return judged(1, "IPv6, which few clusters route");
  if (FAST.test(name)) return judged(4, "the cluster's fast network");
  if (isPrivate(address)) return judged(3, "a private network, as clusters have inside");
  return judged(2, "a public address");
}

/** RFC 1918, and the shared space of RFC 6598. */
function isPrivate(address: string): boolean {
  const [first, second] = address.split(".").map(Number);
  return first === 10 || (first === 172 && second! >= 16 && second! <= 31) ||
    (first === 192 && second === 168) || (first === 100 && second! >= 64 && second! <= 127);
}
