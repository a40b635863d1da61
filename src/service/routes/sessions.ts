/** One-time codes, and the sessions of browsers that are signed in. */
import type { Session, SignIn } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { newId } from "../../contract/ids.ts";
import { DEFAULT_CODE_LIFETIME_SECONDS, SESSION_LIFETIME_SECONDS } from "../../contract/limits.ts";
import { authenticateToken, type Caller, requireScope } from "../auth/caller.ts";
import { type CodeGrant, codeNotValid, OneTimeCodes } from "../auth/one_time_codes.ts";
import { hashOfSession, makeSession, requireSameOrigin, setCookie } from "../auth/session.ts";
import { expiryWithin, requireGrantable } from "../auth/grant.ts";
import { valueResponse } from "../http/answers.ts";
import { answerType } from "../http/media_type.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";
import { seconds } from "./shapes.ts";
import { createToken } from "./tokens.ts";

export function sessionHandlers(
  parts: ServiceParts,
): Pick<Handlers, "createCode" | "useCode" | "signIn" | "signOut"> {
  const { store, uses, now } = parts;
  const codes = new OneTimeCodes(uses);
  return {
    createCode: ({ caller, body }) => {
      const { purpose, label = null, lifetime_seconds = DEFAULT_CODE_LIFETIME_SECONDS } = body;
      if (purpose === "token") requireScope(caller, "manage");
      const scopes = body.scopes ?? caller.scopes;
      requireGrantable(caller, scopes);
      const at = now();
      const expiresAt = expiryWithin(caller, at, lifetime_seconds)!;
      const code = codes.create({ purpose, maker: caller, scopes, label, expiresAt }, at);
      return { code, expires_at: seconds(expiresAt) };
    },

    useCode: ({ body }) => {
      const { maker, scopes, label } = codes.use("token", body.code, now());
      return createToken(parts, {
        user: maker.user,
        label: body.label ?? label ?? "",
        scopes,
        expiresAt: maker.expiresAt,
      });
    },

    signIn: async ({ body, request }) => {
      requireSameOrigin(request);
      const { session, cookie } = await openSession(parts, await grantOf(parts, codes, body));
      const response = valueResponse(session, answerType(request.headers));
      const lasting = Math.floor(session.expires_at - now() / 1_000);
      response.headers.append(
        "set-cookie",
        setCookie(request, { value: cookie, seconds: lasting, secure: isSecure(parts, request) }),
      );
      return response;
    },

    signOut: async ({ caller, request }) => {
      if (caller.kind !== "session") throw notSignedIn();
      await store.tokens.revoke(caller.user, caller.tokenId);
      uses.endOfToken(caller.tokenId);
      const response = valueResponse({ result: 302 }, answerType(request.headers));
      response.headers.append(
        "set-cookie",
        setCookie(request, { value: "", seconds: 0, secure: isSecure(parts, request) }),
      );
      return response;
    },
  };
}

/** For whom a session is opened. Throws CODE_NOT_VALID, INVALID_AUTH_TOKEN or INSUFFICIENT_AUTH_SCOPE. */
async function grantOf(
  { store, now }: ServiceParts,
  codes: OneTimeCodes,
  credentials: SignIn,
): Promise<CodeGrant> {
  if ("code" in credentials) return codes.use("session", credentials.code, now());
  const maker = await authenticateToken(store.tokens, credentials.token.trim(), now());
  // An endpoint's own token has no scope of users, and is no way into the portal.
  requireScope(maker, "read");
  return { maker, scopes: maker.scopes, label: null };
}

/** Under the token, also where a session made the code: so one session does not end another. */
async function openSession(
  { store, now }: ServiceParts,
  { maker, scopes, label }: CodeGrant,
): Promise<{ readonly session: Session; readonly cookie: string }> {
  const at = now();
  const halves = makeSession();
  const tokenId = newId();
  const expiresAt = expiryWithin(maker, at, SESSION_LIFETIME_SECONDS)!;
  const opened = await store.tokens.createSession({
    tokenId,
    hash: hashOfSession(halves),
    user: maker.user,
    label: label ?? "browser",
    scopes,
    createdAt: at,
    expiresAt,
    parentId: parentOf(maker),
  });
  // Its maker's token was revoked at this moment.
  if (!opened) throw codeNotValid();
  return {
    cookie: halves.cookie,
    session: {
      key: halves.key,
      user: maker.user,
      token_id: tokenId,
      scopes: [...scopes],
      expires_at: seconds(expiresAt),
    },
  };
}

function parentOf({ tokenId, parentId }: Caller): string {
  return parentId ?? tokenId;
}

/** Whether browsers reach the service by https, so that they never have to send the cookie without. */
function isSecure({ publicUrl }: ServiceParts, request: Request): boolean {
  return request.url.startsWith("https:") || (publicUrl ?? "").startsWith("https:");
}

function notSignedIn(): FuncxError {
  return new FuncxError({
    code: "REQUEST_MALFORMED",
    message: "the request came with a token, not with a session that could end",
    hint: "end a token with: funcx-endpoint service token revoke",
  });
}
