/**
 * How a caller makes sure that a port on a shared machine is its own private service, before any
 * token goes there: the service answers `GET /v3/health?nonce=` with an HMAC of the nonce and of its
 * own address, under a key that only its user can read. The address is in it because a service may
 * move: whoever takes its old port could else ask it at the new one and pass on the answer.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Failure, fatal, messageOf, ok, type Outcome, retryable } from "../lib/outcome.ts";
import { fetchTrusting } from "../lib/trusting_fetch.ts";
import { untrustedFailure } from "./untrusted.ts";

/** Milliseconds that a service on the same machine or site gets. */
const HEALTH_TIMEOUT = 5_000;

/**
 * HMAC-SHA-256 in hexadecimal.
 * @param proofKey hexadecimal, as in `state.json`; its bytes are the key.
 * @param nonce hexadecimal.
 * @param url base URL that the service has announced, which the caller has dialled.
 */
export function proofOf(proofKey: string, nonce: string, url: string): string {
  // Of `node:crypto` it would be the same, 30 ms later in the life of each command.
  const key = Uint8Array.fromHex(proofKey);
  return hmac(sha256, key, new TextEncoder().encode(`${nonce} ${url}`)).toHex();
}

export function newNonce(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

/** What is known of a private service from a file that only its user can read. */
export interface KnownService {
  /** Base URL without a slash at its end. */
  readonly url: string;
  readonly proof_key: string;
  /** The authority that signed its certificate, PEM. */
  readonly ca?: string;
}

/**
 * Asks for the proof. `ok` when it is right; `retryable` with `SERVICE_UNAVAILABLE` when nothing
 * answers; `fatal` with `SERVICE_NOT_OURS` when something else does.
 */
export async function verifyService(
  { url, proof_key, ca }: KnownService,
  request: typeof fetch = fetchTrusting(ca),
): Promise<Outcome<void>> {
  const nonce = newNonce();
  let answer: unknown;
  try {
    const response = await request(`${url}/v3/health?nonce=${nonce}`, {
      redirect: "error",
      signal: AbortSignal.timeout(HEALTH_TIMEOUT),
    });
    answer = await response.json();
  } catch (thrown) {
    return thrown instanceof SyntaxError ? fatal(notOurs(url)) : retryable(silent(url, thrown));
  }
  const proof = (answer as { proof?: unknown } | null)?.proof;
  return isEqual(proof, proofOf(proof_key, nonce, url)) ? ok(undefined) : fatal(notOurs(url));
}

/** In constant time: how long it takes tells nothing of how much of a proof was right. */
function isEqual(found: unknown, expected: string): boolean {
  if (typeof found !== "string" || found.length !== expected.length) return false;
  let difference = 0;
  for (let index = 0; index < expected.length; index++) {
    difference |= found.charCodeAt(index) ^ expected.charCodeAt(index);
  }
  return difference === 0;
}

function notOurs(url: string): Failure {
  return {
    code: "SERVICE_NOT_OURS",
    message: `what listens at ${url} is not this user's private service`,
    hint: "See `funcx-endpoint service status`; another program or user may have that port.",
  };
}

const OWN_AUTHORITY = "name it where the service is started: `service start --tls-ca FILE`.";

function silent(url: string, thrown: unknown): Failure {
  return untrustedFailure(url, thrown, OWN_AUTHORITY) ?? {
    code: "SERVICE_UNAVAILABLE",
    message: `the private service does not answer at ${url}: ${messageOf(thrown)}`,
    hint: "Start it with `funcx-endpoint service start`.",
  };
}
