/**
 * Keeps the manager's one link to its agent up: reads the connection file anew before each attempt,
 * since a restarted agent may be elsewhere, tries its addresses, and waits between with backoff. Ends
 * when the agent says that it wants no such manager, or was away for too long.
 */
import { HANDSHAKE_TIMEOUT, REDIAL_INITIAL } from "../../contract/limits.ts";
import {
  AGENT_SERVER_NAME,
  type ManagerConnection,
  managerPath,
} from "../../contract/manager_connection.ts";
import type {
  AgentMessage,
  ManagerHello,
  ManagerMessage,
  ManagerWelcome,
} from "../../contract/protocol/manager_messages.ts";
import { decodeAgentMessage, encodeLinkMessage } from "../../contract/protocol/manager_codec.ts";
import { MANAGER_PROTOCOL_VERSION, MANAGER_SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { delay, withTimeout } from "../../lib/async.ts";
import { Backoff } from "../../lib/backoff.ts";
import { logger } from "../../lib/log.ts";
import { type Failure, fatal, messageOf, ok, type Outcome, retryable } from "../../lib/outcome.ts";
import { dial, type Transport } from "../forwarder/ws_transport.ts";
import { RelayStream } from "../relay/relay_stream.ts";
import { endingText, type LinkEnding, ManagerLink } from "../managers/manager_link.ts";

const log = logger("manager", "link");

/** Between two attempts at most, milliseconds: an agent counts on it; see `returnTime` there. */
const REDIAL_MAXIMUM = 5_000;
const MINIMUM_UPTIME = 10_000;

export type ToAgent = ManagerLink<ManagerMessage, AgentMessage>;

export interface DiallerOptions {
  /** As it is now. Throws when the file cannot be read. */
  readonly connection: () => ManagerConnection;
  readonly hello: () => ManagerHello;
  readonly opened: (link: ToAgent, welcome: ManagerWelcome, hello: ManagerHello) => void;
  readonly message: (message: AgentMessage) => void;
  readonly closed: (ending: LinkEnding) => void;
}

export class AgentDialler {
  readonly #options: DiallerOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff({
    initial: REDIAL_INITIAL,
    maximum: REDIAL_MAXIMUM,
    minimumUptime: MINIMUM_UPTIME,
  });
  #link: ToAgent | undefined;
  /** Milliseconds; the agent's word when there was one. */
  #patience: number;
  /** `performance.now()` when the agent was last there. */
  #seen = performance.now();
  /** Which of the addresses worked last. */
  #best: string | undefined;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#patience = options.connection().reattach_timeout;
  }

  get link(): ToAgent | undefined {
    return this.#link?.isOpen ? this.#link : undefined;
  }

  /** Resolves with why it has ended, when nothing more is tried; after `stop` with null. */
  async run(): Promise<Failure | null> {
    const { signal } = this.#stopping;
    let problem: Failure | undefined;
    while (!signal.aborted) {
      const remaining = this.#seen + this.#patience - performance.now();
      if (remaining <= 0) return tooLong(this.#patience, problem);
      const outcome = await this.#attempt(signal);
      if (outcome.kind === "fatal") return outcome.failure;
      if (outcome.kind === "retryable") {
        problem = outcome.failure;
        log.info("not connected: {message}", { message: problem.message });
      }
      const pause = Math.min(this.#backoff.next(), Math.max(0, remaining));
      await delay(pause, signal).catch(() => undefined);
    }
    return null;
  }

  /** Says goodbye; nothing more is tried. */
  stop(reason: string): void {
    this.#stopping.abort();
    this.link?.leave(reason);
  }

  /** Until the session ends, if there is one. */
  async #attempt(signal: AbortSignal): Promise<Outcome<void>> {
    let connection: ManagerConnection;
    try {
      connection = this.#options.connection();
    } catch (thrown) {
      const hint = "It is read again; the block's folder has to be there on the nodes.";
      return retryable({ code: "INPUT_INVALID", message: messageOf(thrown), hint });
    }
    if (connection.relay !== undefined) {
      return await this.#dialByService(connection.relay, connection, signal);
    }
    let last: Outcome<void> = ok(undefined);
    const { addresses } = connection;
    const ordered = [...new Set([this.#best ?? addresses[0]!, ...addresses])]
      .filter((address) => addresses.includes(address));
    for (const address of ordered) {
      if (signal.aborted) return last;
      last = await this.#dial(address, connection, signal);
      if (last.kind !== "retryable") return last;
    }
    return last;
  }

  /** What the service refuses may be right in a moment: it forgets the agent when it is restarted. */
  async #dialByService(
    relay: NonNullable<ManagerConnection["relay"]>,
    connection: ManagerConnection,
    signal: AbortSignal,
  ): Promise<Outcome<void>> {
    const dialled = await RelayStream.dial(relay, signal);
    if (dialled.kind !== "ok") return retryable(dialled.failure);
    const stream = dialled.value;
    stream.on("error", (error: Error) => log.debug("{reason}", { reason: error.message }));
    try {
      return await this.#dial(AGENT_SERVER_NAME, connection, signal, stream);
    } finally {
      stream.destroy();
    }
  }

  /** @param through the way to the agent, instead of a connection to `address` */
  async #dial(
    address: string,
    connection: ManagerConnection,
    signal: AbortSignal,
    through?: RelayStream,
  ): Promise<Outcome<void>> {
    const { port, token, certificate, block_id } = connection;
    const host = address.includes(":") ? `[${address}]` : address;
    const greeted = Promise.withResolvers<Outcome<ToAgent>>();
    const ended = Promise.withResolvers<void>();
    const hello = this.#options.hello();
    let link: ToAgent | undefined;
    const dialled = await dial({
      url: `wss://${host}:${port}${managerPath(block_id)}`,
      token,
      subprotocol: MANAGER_SUBPROTOCOL,
      pinned: { certificate, serverName: AGENT_SERVER_NAME, through },
    }, {
      frame: (bytes) => {
        if (link !== undefined) return link.frame(bytes);
        const welcome = welcomeIn(bytes);
        if (welcome.kind !== "ok") return greeted.resolve(welcome);
        link = this.#open(transport, welcome.value, hello);
        greeted.resolve(ok(link));
      },
      malformed: (reason) => link?.violated(reason),
      closed: (code, reason) => {
        link?.closed(`${code}${reason && ` ${reason}`}`);
        // Not before: a goodbye has to be on its way before the process may end.
        ended.resolve();
        greeted.resolve(retryable(unavailable(`${host}:${port} closed the connection`)));
      },
    }, signal);
    if (dialled.kind !== "ok") return dialled;
    // Before this no frame comes: the agent speaks when it was told hello.
    const transport = dialled.value;
    transport.send(encodeLinkMessage(hello));
    const giveUp = (): void => transport.terminate();
    signal.addEventListener("abort", giveUp);
    const outcome = await withTimeout(greeted.promise, HANDSHAKE_TIMEOUT);
    signal.removeEventListener("abort", giveUp);
    if (outcome === "timeout" || outcome.kind !== "ok") {
      transport.terminate();
      return outcome === "timeout" ? retryable(unavailable("no welcome came in time")) : outcome;
    }
    this.#best = address;
    const since = performance.now();
    await ended.promise;
    this.#seen = performance.now();
    this.#backoff.connectionEnded(this.#seen - since);
    return ok(undefined);
  }

  #open(transport: Transport, welcome: ManagerWelcome, hello: ManagerHello): ToAgent {
    this.#patience = welcome.reattach_timeout;
    const link: ToAgent = new ManagerLink({
      transport,
      heartbeatInterval: welcome.heartbeat_interval,
      decode: decodeAgentMessage,
      message: this.#options.message,
      ended: (ending) => {
        log.info("the link to the agent is down: {reason}", { reason: endingText(ending) });
        this.#options.closed(ending);
      },
    });
    this.#link = link;
    log.info("attached to the agent", { unwanted: welcome.unwanted.length });
    this.#options.opened(link, welcome, hello);
    return link;
  }
}

/** The first frame: a welcome, or why there is none. */
function welcomeIn(bytes: Uint8Array): Outcome<ManagerWelcome> {
  const decoded = decodeAgentMessage(bytes);
  if (decoded.kind === "violation") return retryable(unavailable(decoded.reason));
  const { message } = decoded;
  if (message.type === "reject") {
    const failure: Failure = { code: message.code, message: message.message, hint: message.hint };
    return message.retryable ? retryable(failure) : fatal(failure);
  }
  if (message.type !== "welcome" || message.protocol_version !== MANAGER_PROTOCOL_VERSION) {
    return retryable(unavailable(`expected a welcome, found ${message.type}`));
  }
  return ok(message);
}

function unavailable(message: string): Failure {
  return { code: "SERVICE_UNAVAILABLE", message, hint: "It is tried again." };
}

function tooLong(milliseconds: number, last: Failure | undefined): Failure {
  return {
    code: "SERVICE_UNAVAILABLE",
    message: `the agent was away for ${milliseconds / 1_000} s` +
      (last === undefined ? "" : `: ${last.message}`),
    hint: "Tasks that ran here are made again if they have attempts left.",
  };
}
