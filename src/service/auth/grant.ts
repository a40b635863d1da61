/** What a caller may pass on: no scope that he has not, and no time beyond his own. */
import type { Scope } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { ValidationError } from "../http/validation.ts";
import { type Caller, grants } from "./caller.ts";

/** Throws INSUFFICIENT_AUTH_SCOPE, or SEMANTICALLY_INVALID for the scope of endpoints. */
export function requireGrantable(caller: Caller, scopes: readonly Scope[]): void {
  if (scopes.includes("endpoint")) {
    throw new ValidationError({
      key: "scopes",
      expected: "scopes of users; an endpoint gets its token when it is registered",
      found: "endpoint",
    });
  }
  const excess = scopes.find((scope) => !grants(caller.scopes, scope));
  if (excess === undefined) return;
  throw new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: `a token of ${caller.scopes.join(", ")} cannot make one of scope ${excess}`,
    hint: "use a token of scope all",
  });
}

/** Milliseconds since 1970; null, never, only when neither is limited. */
export function expiryWithin(
  caller: Caller,
  at: number,
  lifetimeSeconds: number | null,
): number | null {
  const asked = lifetimeSeconds === null ? Infinity : at + lifetimeSeconds * 1_000;
  const end = Math.min(asked, caller.expiresAt ?? Infinity);
  return Number.isFinite(end) ? end : null;
}
