/**
 * User names and passwords of the built-in server: a name says who it is for, its password is made of
 * the name under the service's key. So each call gives another one, none is stored, and all are good
 * after a restart of the service.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { UserId } from "../../../contract/ids.ts";

export type Account =
  | {
    readonly kind: "reader";
    readonly user: UserId;
    readonly tokenId: string;
    /** Milliseconds since 1970: no connection begins with it from then on. */
    readonly until: number;
  }
  | { readonly kind: "agent"; readonly agentId: string; readonly grant: string };

const NONCE_BYTES = 12;

export class Passwords {
  readonly #key: Uint8Array;

  /** @param proofKey of the service, hexadecimal; another key is made of it for this use alone */
  constructor(proofKey: string) {
    this.#key = createHmac("sha256", proofKey).update("passwords of AMQP").digest();
  }

  make(account: Account): { readonly name: string; readonly password: string } {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES)).toHex();
    const name = account.kind === "reader"
      ? `reader.${hexOf(account.user)}.${account.tokenId}.${account.until}.${nonce}`
      : `agent.${account.agentId}.${account.grant}.${nonce}`;
    return { name, password: this.#passwordOf(name) };
  }

  /** Whose they are; undefined when they are not of this service. */
  check(name: string, password: string): Account | undefined {
    const expected = new TextEncoder().encode(this.#passwordOf(name));
    const given = new TextEncoder().encode(password);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const [kind, ...parts] = name.split(".");
    if (kind === "reader") {
      const [user, tokenId, until] = parts;
      return { kind, user: textOf(user!), tokenId: tokenId!, until: Number(until) };
    }
    return { kind: "agent", agentId: parts[0]!, grant: parts[1]! };
  }

  #passwordOf(name: string): string {
    return createHmac("sha256", this.#key).update(name).digest("hex");
  }
}

function hexOf(text: string): string {
  return new TextEncoder().encode(text).toHex();
}

function textOf(hex: string): string {
  return new TextDecoder().decode(Uint8Array.fromHex(hex));
}
