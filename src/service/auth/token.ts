/** Bearer tokens: how they are made, told from other text, and remembered. */
import { createHash } from "node:crypto";

const PREFIX = "fx_";
const RANDOM_BYTES = 32;
/** 256 bits are 43 characters of base64url without padding. */
const TOKEN = /^fx_[A-Za-z0-9_-]{43}$/;

/** A new token: `fx_` and 256 random bits. It is shown once; the store keeps {@link hashOf} it. */
export function makeToken(): string {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  return PREFIX + random.toBase64({ alphabet: "base64url", omitPadding: true });
}

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** SHA-256. A plain hash is enough: 256 random bits cannot be guessed, so nothing has to be slow. */
export function hashOf(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/** The token of an Authorization header; undefined when it is of another kind or form. */
export function bearerToken(authorization: string): string | undefined {
  const [scheme, token, ...rest] = authorization.trim().split(/\s+/);
  if (scheme?.toLowerCase() !== "bearer" || token === undefined || rest.length > 0) {
    return undefined;
  }
  return isToken(token) ? token : undefined;
}
