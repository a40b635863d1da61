/** Which tokens come first, and which scopes one may give. */
import type { Scope, TokenRecord } from "../../contract/api.ts";

/** The one of this page first, then those used last; those never used by their age. */
export function inOrder(
  tokens: readonly TokenRecord[],
  own: string | undefined,
): readonly TokenRecord[] {
  const rank = (token: TokenRecord): number =>
    token.token_id === own ? Infinity : token.last_used_at ?? token.created_at;
  return tokens.toSorted((one, other) => rank(other) - rank(one));
}

/** Scopes that people choose from, the least first; endpoints get theirs by themselves. */
export const GIVEN_SCOPES = ["read", "run", "manage", "all"] as const satisfies readonly Scope[];
export type GivenScope = typeof GIVEN_SCOPES[number];

/** What the box of a scope shows: `all` has the others in it, and `run` and `manage` have `read`. */
export function isIncluded(scope: GivenScope, chosen: ReadonlySet<GivenScope>): boolean {
  if (scope === "all") return false;
  return chosen.has("all") || (scope === "read" && (chosen.has("run") || chosen.has("manage")));
}
