/** What is open under a token, a stream or an endpoint's session, so that it ends with the token. */
import type { EndpointId } from "../../contract/ids.ts";
import { after } from "../../lib/async.ts";
import type { Caller } from "./caller.ts";

interface OpenUse {
  readonly tokenId: string;
  readonly parentId: string | null;
  readonly endpointId: EndpointId | null;
  readonly ended: (reason: EndOfUse) => void;
  /** Lets the token's expiry pass. */
  readonly forgetExpiry: (() => void) | undefined;
}

/** Why a use was ended; what is open ends without an error to its reader. */
export type EndOfUse = "revoked" | "expired" | "stopping";

export class OpenUses {
  readonly #uses = new Set<OpenUse>();

  /**
   * Registers a use. The signal is aborted, with an {@link EndOfUse} as reason, when the token is
   * revoked, expires, or the service stops; call `end` when the use is over by itself.
   */
  open(caller: Caller, now: number): { readonly signal: AbortSignal; readonly end: () => void } {
    const controller = new AbortController();
    const end = this.watch(caller, now, (reason) => controller.abort(reason));
    return { signal: controller.signal, end };
  }

  /**
   * The same with a function that is called instead of a signal, which is a kilobyte less for each
   * of thousands of sessions. Returns `end`.
   */
  watch(caller: Caller, now: number, ended: (reason: EndOfUse) => void): () => void {
    const use: OpenUse = {
      tokenId: caller.tokenId,
      parentId: caller.parentId,
      endpointId: caller.endpointId,
      ended,
      forgetExpiry: caller.expiresAt === null
        ? undefined
        : after(caller.expiresAt - now, () => this.#end(use, "expired")),
    };
    this.#uses.add(use);
    return () => this.#forget(use);
  }

  get size(): number {
    return this.#uses.size;
  }

  /** Also of the sessions that were opened by it. */
  endOfToken(tokenId: string): void {
    this.#endWhere((use) => use.tokenId === tokenId || use.parentId === tokenId, "revoked");
  }

  /** Uses of an endpoint's own tokens, which were replaced or ended with the endpoint. */
  endOfEndpoint(endpointId: EndpointId): void {
    this.#endWhere((use) => use.endpointId === endpointId, "revoked");
  }

  endAll(): void {
    this.#endWhere(() => true, "stopping");
  }

  #endWhere(matches: (use: OpenUse) => boolean, reason: EndOfUse): void {
    for (const use of [...this.#uses]) if (matches(use)) this.#end(use, reason);
  }

  #end(use: OpenUse, reason: EndOfUse): void {
    this.#forget(use);
    use.ended(reason);
  }

  #forget(use: OpenUse): void {
    use.forgetExpiry?.();
    this.#uses.delete(use);
  }
}
