/**
 * Ends the RabbitMQ logins of readers with the tokens by which they were asked for. What counts is the
 * store: whatever tells of an end only makes this look, so one that came while RabbitMQ was away, or
 * the service, is not missed.
 */
import { delay } from "../../../lib/async.ts";
import { Backoff } from "../../../lib/backoff.ts";
import { logger } from "../../../lib/log.ts";
import { messageOf } from "../../../lib/outcome.ts";
import type { OpenUses } from "../../auth/open_uses.ts";
import type { Store, StoredToken } from "../../store/store.ts";
import type { Logins } from "./logins.ts";

const log = logger("service", "amqp");

/** Milliseconds between tries while RabbitMQ's management does not answer. */
const BACKOFF = { initial: 500, maximum: 30_000, minimumUptime: 0 };

export interface TokenParts {
  readonly store: Pick<Store, "serviceId" | "tokens">;
  readonly uses: Pick<OpenUses, "watch">;
  readonly now: () => number;
}

export class EndedLogins {
  readonly #parts: TokenParts;
  readonly #logins: Pick<Logins, "readers" | "end">;
  /** By the id of a token that may have logins: ends the watch. */
  readonly #watches = new Map<string, () => void>();
  readonly #closing = new AbortController();
  #isWanted = false;
  #looking: Promise<void> | undefined;

  constructor(parts: TokenParts, logins: Pick<Logins, "readers" | "end">) {
    this.#parts = parts;
    this.#logins = logins;
    this.look();
  }

  /**
   * The logins of the token end with it from now on. False when it has ended already: then those that
   * there are end soon.
   */
  async watch(tokenId: string): Promise<boolean> {
    const token = await this.#parts.store.tokens.find(tokenId);
    const isLive = token !== undefined && this.#isLive(token);
    if (isLive) this.#watch(token);
    else this.look();
    return isLive;
  }

  /** Looks for logins whose token has ended, for as long as it takes to end them. */
  look(): void {
    this.#isWanted = true;
    this.#looking ??= this.#untilDone().finally(() => this.#looking = undefined);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const end of this.#watches.values()) end();
    this.#watches.clear();
    await this.#looking;
  }

  /** Never rejects. */
  async #untilDone(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(BACKOFF);
    let isTold = false;
    while (this.#isWanted && !signal.aborted) {
      this.#isWanted = false;
      try {
        await this.#lookOnce();
      } catch (thrown) {
        this.#isWanted = true;
        const reason = messageOf(thrown);
        if (isTold) log.debug("cannot look for logins of ended tokens yet: {reason}", { reason });
        else log.warning("logins of ended tokens stay for now: {reason}", { reason });
        isTold = true;
        await delay(backoff.next(), signal).catch(() => {});
      }
    }
  }

  async #lookOnce(): Promise<void> {
    const byToken = Map.groupBy(await this.#logins.readers(), ({ tokenId }) => tokenId);
    for (const [tokenId, logins] of byToken) {
      const token = await this.#parts.store.tokens.find(tokenId);
      if (this.#closing.signal.aborted) return;
      if (token !== undefined && this.#isLive(token)) {
        this.#watch(token);
        continue;
      }
      for (const { name } of logins) await this.#logins.end(name);
      log.info("{count} logins of RabbitMQ ended with token {token}", {
        count: logins.length,
        token: tokenId,
      });
    }
  }

  #isLive({ expiresAt }: StoredToken): boolean {
    return expiresAt === null || expiresAt > this.#parts.now();
  }

  #watch(token: StoredToken): void {
    const { tokenId } = token;
    if (this.#watches.has(tokenId) || this.#closing.signal.aborted) return;
    const { uses, now } = this.#parts;
    const end = uses.watch(token, now(), (reason) => {
      this.#watches.delete(tokenId);
      // Futures outlive a restart of the service.
      if (reason !== "stopping") this.look();
    });
    this.#watches.set(tokenId, end);
  }
}
