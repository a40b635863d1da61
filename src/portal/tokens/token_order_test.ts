import { assertEquals } from "../../lib/assert.ts";
import type { TokenRecord } from "../../contract/api.ts";
import { GIVEN_SCOPES, type GivenScope, inOrder, isIncluded } from "./token_order.ts";

function token(id: string, createdAt: number, usedAt: number | null): TokenRecord {
  return {
    token_id: id,
    label: id,
    user: "u",
    scopes: ["read"],
    created_at: createdAt,
    last_used_at: usedAt,
    expires_at: null,
  };
}

Deno.test("the token of this page is first, then those used last", () => {
  const tokens = [
    token("old", 1, 2),
    token("own", 1, 1),
    token("unused", 5, null),
    token("busy", 1, 9),
  ];
  assertEquals(inOrder(tokens, "own").map((each) => each.token_id), [
    "own",
    "busy",
    "unused",
    "old",
  ]);
});

Deno.test("larger scopes have smaller ones in them", () => {
  const included = (...chosen: readonly GivenScope[]): GivenScope[] =>
    GIVEN_SCOPES.filter((scope) => isIncluded(scope, new Set(chosen)));
  assertEquals([included("read"), included("run"), included("all")], [
    [],
    ["read"],
    ["read", "run", "manage"],
  ]);
});
