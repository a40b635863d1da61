/** How the managers of blocks reach the agent, resolved. */

export interface ResolvedLink {
  readonly address: LinkAddress;
  /** First and last port to listen on; null means any that is free. */
  readonly portRange: readonly [number, number] | null;
  /** How long a manager looks for an agent that it has lost. */
  readonly reattachSeconds: number;
}

export type LinkAddress =
  /** The interface that nodes most likely reach; the agent chooses. */
  | { readonly kind: "auto" }
  /** Managers dial the service, which passes on what they say. */
  | { readonly kind: "service" }
  /** An IPv4 or IPv6 address of this machine. */
  | { readonly kind: "address"; readonly address: string }
  /** A network interface of this machine, such as `ib0`. */
  | { readonly kind: "interface"; readonly name: string };

/** IFNAMSIZ of Linux, without the closing zero byte. */
export const MAX_INTERFACE_NAME_LENGTH = 15;

export function linkAddress(text: string): LinkAddress {
  if (text === "auto" || text === "service") return { kind: text };
  return isIpAddress(text) ? { kind: "address", address: text } : { kind: "interface", name: text };
}

export function isIpAddress(text: string): boolean {
  if (/^\d+(\.\d+){3}$/.test(text)) return text.split(".").every((part) => Number(part) <= 255);
  return text.includes(":") && URL.canParse(`http://[${text}]`);
}
