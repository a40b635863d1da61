import { newId } from "../../contract/ids.ts";
import { assertEquals } from "../../lib/assert.ts";
import type { Caller } from "./caller.ts";
import { OpenUses } from "./open_uses.ts";

function caller(change: Partial<Caller> = {}): Caller {
  return {
    user: "ada",
    tokenId: newId(),
    scopes: ["all"],
    endpointId: null,
    expiresAt: null,
    kind: "token",
    parentId: null,
    ...change,
  };
}

Deno.test("the uses of one token end with it, those of others go on", () => {
  const uses = new OpenUses();
  const [revoked, other] = [caller(), caller()];
  const first = uses.open(revoked, 0);
  const second = uses.open(revoked, 0);
  const third = uses.open(other, 0);
  second.end();
  uses.endOfToken(revoked.tokenId);
  assertEquals(first.signal.reason, "revoked");
  assertEquals(second.signal.aborted, false);
  assertEquals(third.signal.aborted, false);
  assertEquals(uses.size, 1);
  uses.endAll();
  assertEquals(third.signal.reason, "stopping");
});

Deno.test("an endpoint's uses end when its token is replaced", () => {
  const uses = new OpenUses();
  const endpointId = newId();
  const session = uses.open(caller({ endpointId }), 0);
  uses.endOfEndpoint(endpointId);
  assertEquals(session.signal.reason, "revoked");
});

Deno.test("a use ends when its token expires", async () => {
  const uses = new OpenUses();
  const use = uses.open(caller({ expiresAt: Date.now() + 20 }), Date.now());
  await new Promise((resolve) => use.signal.addEventListener("abort", resolve));
  assertEquals(use.signal.reason, "expired");
  assertEquals(uses.size, 0);
});
