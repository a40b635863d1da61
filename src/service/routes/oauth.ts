/** As much of Globus Auth as the agent of Globus Compute needs to log in with a client secret. */
import type { OauthToken } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { authenticateToken, type Caller } from "../auth/caller.ts";
import { identityOf } from "../auth/identity.ts";
import { OauthError } from "../http/answers.ts";
import type { ServiceParts } from "../parts.ts";
import type { Call, Handlers } from "./route.ts";

/** The scope of the Globus Compute web service, by the id of its client at Globus Auth. */
const COMPUTE_SCOPE = "https://auth.globus.org/scopes/facd7ccc-c5f4-42aa-916b-a0e270e2c2a9/all";

/** Globus Auth's own lifetime of tokens, seconds; agents ask again before it is over. */
const TOKEN_LIFETIME = 48 * 60 * 60;

const SECRET_HINT =
  "set GLOBUS_COMPUTE_CLIENT_SECRET to a token of: funcx-endpoint service token create";

export function oauthHandlers(
  { store, now }: ServiceParts,
): Pick<Handlers, "oauthToken" | "userinfo"> {
  const ownerOf = async (secret: string): Promise<Caller> => {
    try {
      return await authenticateToken(store.tokens, secret, now());
    } catch (thrown) {
      if (!(thrown instanceof FuncxError)) throw thrown;
      throw new OauthError("invalid_client", {
        code: thrown.code,
        message: `the client secret was refused: ${thrown.message}`,
        hint: SECRET_HINT,
      });
    }
  };

  return {
    oauthToken: async ({ request, body }) => {
      const secret = basicSecret(request.headers.get("authorization")) ?? body.client_secret;
      if (secret === undefined) throw withoutSecret();
      const { expiresAt } = await ownerOf(secret);
      const left = expiresAt === null ? Infinity : Math.floor((expiresAt - now()) / 1_000);
      return tokens(secret, body, Math.min(TOKEN_LIFETIME, left));
    },

    userinfo: ({ caller: { user } }) => {
      const sub = identityOf(store.serviceId, user);
      return {
        sub,
        preferred_username: user,
        name: user,
        identity_set: [{ sub, username: user, name: user }],
      };
    },
  };
}

/** One for each resource server that was asked for; scopes without one are Globus Auth's own. */
function tokens(
  token: string,
  { scope = COMPUTE_SCOPE }: Call<"oauthToken">["body"],
  lifetime: number,
): OauthToken {
  const asked = scope.split(" ").filter((one) => one !== "");
  const groups = [
    { server: "funcx_service", scopes: asked.filter((one) => one === COMPUTE_SCOPE) },
    { server: "auth.globus.org", scopes: asked.filter((one) => one !== COMPUTE_SCOPE) },
  ].filter(({ scopes }) => scopes.length > 0);
  const [first, ...others] = groups.map(({ server, scopes }) => ({
    access_token: token,
    token_type: "Bearer" as const,
    scope: scopes.join(" "),
    expires_in: lifetime,
    resource_server: server,
  }));
  return { ...(first ?? withoutScope()), other_tokens: others };
}

/** The password of a Basic header (RFC 7617). */
function basicSecret(authorization: string | null): string | undefined {
  const [scheme, encoded = ""] = (authorization ?? "").split(" ");
  if (scheme?.toLowerCase() !== "basic") return undefined;
  const text = decodeBase64(encoded);
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : text.slice(colon + 1);
}

function decodeBase64(text: string): string {
  try {
    return atob(text);
  } catch {
    return "";
  }
}

function withoutSecret(): FuncxError {
  return new OauthError("invalid_client", {
    code: "USER_UNAUTHENTICATED",
    message: "the request has no client secret",
    hint: SECRET_HINT,
  });
}

function withoutScope(): never {
  throw new OauthError("invalid_scope", {
    code: "REQUEST_MALFORMED",
    message: "the request names no scope",
  });
}
