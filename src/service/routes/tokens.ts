/** Tokens of users: made, listed, ended. */
import type { Answer, TokenRecord } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { newId, type UserId } from "../../contract/ids.ts";
import { type Caller, grants } from "../auth/caller.ts";
import { expiryWithin, requireGrantable } from "../auth/grant.ts";
import { hashOf, makeToken } from "../auth/token.ts";
import type { ServiceParts } from "../parts.ts";
import type { NewToken, StoredToken } from "../store/store.ts";
import type { Handlers } from "./route.ts";
import { seconds } from "./shapes.ts";

export function tokenHandlers(
  parts: ServiceParts,
): Pick<Handlers, "createToken" | "listTokens" | "revokeToken" | "whoAmI"> {
  const { store, uses, now } = parts;
  return {
    whoAmI: ({ caller }) => ({
      user: caller.user,
      token_id: caller.tokenId,
      scopes: [...caller.scopes],
    }),

    createToken: ({ caller, body }) => {
      const scopes = body.scopes ?? [...caller.scopes];
      requireGrantable(caller, scopes);
      return createToken(parts, {
        user: userOf(parts, caller, body.user ?? caller.user),
        label: body.label ?? "",
        scopes,
        expiresAt: expiryWithin(caller, now(), body.lifetime_seconds ?? null),
      });
    },

    listTokens: async ({ caller }) => {
      return (await store.tokens.list(caller.user)).map(tokenRecord);
    },

    revokeToken: async ({ caller, parameters: { token_id } }) => {
      if (!await store.tokens.revoke(caller.user, token_id)) {
        throw new FuncxError({
          code: "TOKEN_NOT_FOUND",
          message: `you have no token ${token_id}`,
          hint: "list yours with: funcx-endpoint service token list",
        });
      }
      uses.endOfToken(token_id);
      return { result: 302 };
    },
  };
}

/** Only the user who runs the service lets others in: anybody else would be free to pose as them. */
function userOf({ localUser }: ServiceParts, caller: Caller, user: UserId): UserId {
  const mayNameOthers = caller.user === localUser && grants(caller.scopes, "all");
  if (user === caller.user || mayNameOthers) return user;
  throw new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: `you may not make a token for ${user}`,
    hint: `only ${localUser}, who runs this service, may, with a token of scope all`,
  });
}

/** Makes a token. Its text is in the answer alone. */
export async function createToken(
  { store, now }: ServiceParts,
  { user, label, scopes, expiresAt }: Pick<NewToken, "user" | "label" | "scopes" | "expiresAt">,
): Promise<Answer<"createToken">> {
  const token = makeToken();
  const record: NewToken = {
    tokenId: newId(),
    hash: hashOf(token),
    user,
    label,
    scopes,
    createdAt: now(),
    expiresAt,
  };
  await store.tokens.create(record);
  return { ...tokenRecord({ ...record, lastUsedAt: null, kind: "token" }), token };
}

function tokenRecord(token: Omit<StoredToken, "endpointId" | "parentId">): TokenRecord {
  return {
    token_id: token.tokenId,
    label: token.label,
    user: token.user,
    scopes: [...token.scopes],
    created_at: seconds(token.createdAt),
    last_used_at: token.lastUsedAt === null ? null : seconds(token.lastUsedAt),
    expires_at: token.expiresAt === null ? null : seconds(token.expiresAt),
    kind: token.kind,
  };
}
