/**
 * Getting in without a token at hand: one-time codes, and the sessions of browsers that were opened
 * with one.
 *
 * A session has two halves, and neither is worth anything alone. One is a cookie, which no script can
 * read; the other is the `key`, which the page keeps in the storage of its origin and sends as
 * {@link SESSION_HEADER}. Cookies are shared between the ports of a host, so on a login node another
 * user's server gets this one's cookies from the same browser; it never gets the key. And a page of
 * another origin can make a browser send the cookie, not the header.
 */
import * as v from "valibot";
import { instant, name, uuid } from "./api_pieces.ts";
import { SCOPES } from "./api_shapes.ts";
import { MAX_CODE_LIFETIME_SECONDS } from "./limits.ts";
import { SESSION_HEADER } from "./session_header.ts";

export { SESSION_HEADER };
/** In a link of the portal, the code follows this after the `#`, which no server ever gets. */
export const SIGN_IN_FRAGMENT = "sign-in=";

const scopes = v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1), v.maxLength(SCOPES.length));

/** What a code looks like: `fxc_` and 32 characters of base64url. */
const codeText = v.pipe(v.string(), v.regex(/^fxc_[\w-]{32}$/, "expected a one-time code, fxc_…"));

export const CreateCodeSchema = v.object({
  /** `session` opens the portal in a browser, `token` logs a command line in. */
  purpose: v.picklist(["session", "token"]),
  /** Of what is made with it; those of the caller's token by default, never more. */
  scopes: v.optional(scopes),
  label: v.optional(v.nullable(name)),
  /** Seconds until it ends unused; 10 minutes by default. */
  lifetime_seconds: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_CODE_LIFETIME_SECONDS)),
  ),
});
export type CreateCode = v.InferInput<typeof CreateCodeSchema>;

/** Shown once; it ends with its first use, or with the service. */
export const OneTimeCodeSchema = v.object({ code: v.string(), expires_at: instant });
export type OneTimeCode = v.InferOutput<typeof OneTimeCodeSchema>;

/** A code of purpose `token`, for a token. */
export const UseCodeSchema = v.object({ code: codeText, label: v.optional(v.nullable(name)) });

/** Opens a session: with a code of purpose `session`, or with a token. */
export const SignInSchema = v.union([
  v.object({ code: codeText }),
  v.object({ token: v.pipe(v.string(), v.minLength(1), v.maxLength(200)) }),
], "expected a one-time code or a token");
export type SignIn = v.InferInput<typeof SignInSchema>;

export const SessionSchema = v.object({
  /** The page's half; given once. The other half comes as a cookie. */
  key: v.string(),
  user: v.string(),
  token_id: uuid,
  scopes: v.array(v.picklist(SCOPES)),
  expires_at: instant,
});
export type Session = v.InferOutput<typeof SessionSchema>;
