/**
 * One-time codes: in memory alone, so none outlives the service, and none can be read from a disk or
 * a backup. Each is an open use of its maker's token and ends with that.
 *
 * A code has 192 random bits and lives for minutes, so guessing needs no rate limit.
 */
import type { CreateCode, Scope } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { UserId } from "../../contract/ids.ts";
import { MAX_OPEN_CODES } from "../../contract/limits.ts";
import type { Caller } from "./caller.ts";
import type { OpenUses } from "./open_uses.ts";
import { hashOf } from "./token.ts";

const PREFIX = "fxc_";
const RANDOM_BYTES = 24;

type Purpose = CreateCode["purpose"];

/** What its user gets for a code. */
export interface CodeGrant {
  readonly maker: Caller;
  readonly scopes: readonly Scope[];
  readonly label: string | null;
}

interface OpenCode extends CodeGrant {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Forgets it. */
  readonly end: () => void;
}

export class OneTimeCodes {
  readonly #uses: Pick<OpenUses, "watch">;
  /** By purpose and SHA-256; a code for one purpose is none for the other. */
  readonly #open = new Map<string, OpenCode>();

  constructor(uses: Pick<OpenUses, "watch">) {
    this.#uses = uses;
  }

  /** The text of a new code. Throws TOO_MANY_CODES when its maker's user has too many open ones. */
  create(
    code: CodeGrant & { readonly purpose: Purpose; readonly expiresAt: number },
    now: number,
  ): string {
    const { maker, purpose, expiresAt } = code;
    if (this.#openOf(maker.user, now) >= MAX_OPEN_CODES) throw tooMany();
    const text = makeCode();
    const place = placeOf(purpose, text);
    const forget = (): void => void this.#open.delete(place);
    // Its own end comes before its maker's, which `expiresAt` does not exceed.
    const unwatch = this.#uses.watch({ ...maker, expiresAt }, now, forget);
    const end = (): void => {
      unwatch();
      forget();
    };
    this.#open.set(place, { ...code, end });
    return text;
  }

  /** What it is for; from then on it is none. Throws CODE_NOT_VALID. */
  use(purpose: Purpose, text: string, now: number): CodeGrant {
    const found = this.#open.get(placeOf(purpose, text));
    found?.end();
    if (found !== undefined && now < found.expiresAt) return found;
    throw codeNotValid();
  }

  #openOf(user: UserId, now: number): number {
    const codes = [...this.#open.values()];
    return codes.filter((code) => code.maker.user === user && now < code.expiresAt).length;
  }
}

/** Unknown, used and expired ones are not told apart: who has one of them has to do the same. */
export function codeNotValid(): FuncxError {
  return new FuncxError({
    code: "CODE_NOT_VALID",
    message: "the code was used already, has expired, or is not one of this service",
    hint: "a code works once; make another one, for the portal with: funcx-endpoint portal",
  });
}

function makeCode(): string {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  return PREFIX + random.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Looked up by its hash, so no comparison depends on the secret itself. */
function placeOf(purpose: Purpose, text: string): string {
  return `${purpose} ${hashOf(text).toHex()}`;
}

function tooMany(): FuncxError {
  return new FuncxError({
    code: "TOO_MANY_CODES",
    message: `you have ${MAX_OPEN_CODES} one-time codes that are not used yet`,
    hint: "use one of them, or wait until they expire",
  });
}
