/** One attempt at a session with the service: dial, handshake, messages, end. */
import { HANDSHAKE_TIMEOUT, MAX_LINK_BACKLOG_BYTES } from "../../contract/limits.ts";
import { decodeServiceMessage, encodeMessage } from "../../contract/protocol/codec.ts";
import { checkWelcome } from "../../contract/protocol/handshake.ts";
import {
  heartbeatOptions,
  type RunningHeartbeat,
  startHeartbeat,
} from "../../contract/protocol/heartbeat.ts";
import type {
  EndpointMessage,
  EndpointStatus,
  Hello,
  Reject,
  ServiceMessage,
  Welcome,
} from "../../contract/protocol/messages.ts";
import { withTimeout } from "../../lib/async.ts";
import { logger } from "../../lib/log.ts";
import { type Failure, ok, type Outcome, retryable } from "../../lib/outcome.ts";
import type { Session, SessionMessage } from "../session.ts";
import { dial, type DialTarget, type Transport } from "./ws_transport.ts";

const log = logger("agent", "forwarder");

export interface ConnectionOptions {
  readonly target: DialTarget;
  readonly hello: Hello;
  /** For heartbeats. */
  readonly status: () => EndpointStatus;
  readonly now: () => number;
  /** Called before any message of the session. */
  readonly opened: (connection: Connection) => void;
  readonly message: (message: SessionMessage) => void;
  /** Ends the attempt while it dials or shakes hands. */
  readonly signal: AbortSignal;
  /** Bytes that may wait for a service that does not read; the default is that of the contract. */
  readonly maximumBacklog?: number;
}

/** Why a session ended. */
export type Ending =
  /** We said goodbye. */
  | { readonly kind: "left" }
  | { readonly kind: "goodbye"; readonly reason: string }
  | { readonly kind: "violation"; readonly reason: string }
  /** The service says that we broke the protocol. */
  | { readonly kind: "accused"; readonly reason: string }
  | { readonly kind: "silent"; readonly milliseconds: number }
  /** So many bytes waited to be read. */
  | { readonly kind: "unread"; readonly bytes: number }
  | { readonly kind: "broken"; readonly code: number; readonly reason: string };

const CLOSE_NORMAL = 1000;
const CLOSE_VIOLATION = 1002;

/** An open session. */
export class Connection implements Session {
  readonly welcome: Welcome;
  readonly #transport: Transport;
  readonly #heartbeat: RunningHeartbeat;
  readonly #maximumBacklog: number;
  readonly #ended = Promise.withResolvers<Ending>();
  #ending: Ending | undefined;

  constructor(options: ConnectionOptions, welcome: Welcome, transport: Transport) {
    this.welcome = welcome;
    this.#transport = transport;
    this.#maximumBacklog = options.maximumBacklog ?? MAX_LINK_BACKLOG_BYTES;
    this.#heartbeat = startHeartbeat({
      ...heartbeatOptions(welcome.heartbeat_interval),
      send: () => this.send({ type: "heartbeat", at: options.now(), status: options.status() }),
      silent: (milliseconds) => {
        this.#end({ kind: "silent", milliseconds });
        transport.terminate();
      },
    });
  }

  /** Resolves when the session is over. */
  get ended(): Promise<Ending> {
    return this.#ended.promise;
  }

  get bufferedBytes(): number {
    return this.#transport.bufferedBytes;
  }

  send(message: EndpointMessage): void {
    this.sendFrame(encodeMessage(message));
  }

  sendFrame(frame: Uint8Array): void {
    if (this.#ending !== undefined) return;
    const bytes = this.bufferedBytes;
    if (bytes <= this.#maximumBacklog) return this.#transport.send(frame);
    this.#end({ kind: "unread", bytes });
    this.#transport.terminate();
  }

  /** Says goodbye and closes. */
  leave(reason: string): void {
    this.send({ type: "goodbye", reason });
    this.#end({ kind: "left" });
    this.#transport.close(CLOSE_NORMAL, reason);
  }

  violated(reason: string): void {
    log.error("the service broke the protocol: {reason}", { reason });
    this.send({ type: "goodbye", reason, violation: true });
    this.#end({ kind: "violation", reason });
    this.#transport.close(CLOSE_VIOLATION, reason);
  }

  /** A message of the service after its welcome; undefined once the session is over. */
  received(message: ServiceMessage): SessionMessage | undefined {
    if (this.#ending !== undefined) return undefined;
    this.#heartbeat.heard();
    if (message.type === "welcome" || message.type === "reject") {
      this.violated(`${message.type} in the middle of a session`);
      return undefined;
    }
    if (message.type === "goodbye") {
      const kind = message.violation === true ? "accused" : "goodbye";
      this.#end({ kind, reason: message.reason });
    }
    return message;
  }

  closed(code: number, reason: string): void {
    this.#end({ kind: "broken", code, reason });
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#heartbeat.stop();
    this.#ended.resolve(ending);
  }
}

/** What the frames of a link mean at the moment. */
type Phase =
  | { readonly kind: "dialling" }
  | { readonly kind: "greeting"; readonly transport: Transport }
  | { readonly kind: "open"; readonly connection: Connection }
  | { readonly kind: "over" };

/**
 * Tries once. `ok` with the connection after a welcome; else the failure, `fatal` when the service
 * says that asking again is of no use, with the reject as it came.
 */
export async function connect(
  options: ConnectionOptions,
): Promise<Outcome<Connection, Failure | Reject>> {
  const { promise, resolve } = Promise.withResolvers<Outcome<Connection, Failure | Reject>>();
  let phase: Phase = { kind: "dialling" };
  const finish = (outcome: Outcome<Connection, Failure | Reject>): void => {
    if (outcome.kind !== "ok") phase = { kind: "over" };
    resolve(outcome);
  };

  const greeted = (transport: Transport, bytes: Uint8Array): void => {
    const answer = checkWelcome(decodeServiceMessage(bytes), options.hello.protocol_version);
    if (answer.kind !== "ok") {
      transport.close(CLOSE_NORMAL, answer.failure.code);
      return finish(answer);
    }
    const connection = new Connection(options, answer.value, transport);
    phase = { kind: "open", connection };
    options.opened(connection);
    finish(ok(connection));
  };

  const received = (connection: Connection, bytes: Uint8Array): void => {
    const decoded = decodeServiceMessage(bytes);
    if (decoded.kind === "violation") return connection.violated(decoded.reason);
    const message = connection.received(decoded.message);
    if (message !== undefined) options.message(message);
  };

  const dialled = await dial(options.target, {
    frame: (bytes) => {
      if (phase.kind === "greeting") greeted(phase.transport, bytes);
      else if (phase.kind === "open") received(phase.connection, bytes);
    },
    malformed: (reason) => {
      if (phase.kind === "open") phase.connection.violated(reason);
    },
    closed: (code, reason) => {
      if (phase.kind === "open") phase.connection.closed(code, reason);
      else finish(retryable(closedEarly(code, reason)));
    },
  }, options.signal);
  if (dialled.kind !== "ok") return dialled;
  const transport = dialled.value;
  phase = { kind: "greeting", transport };
  transport.send(encodeMessage(options.hello));
  const giveUp = (): void => transport.terminate();
  options.signal.addEventListener("abort", giveUp);
  if (options.signal.aborted) giveUp();
  const outcome = await withTimeout(promise, HANDSHAKE_TIMEOUT);
  options.signal.removeEventListener("abort", giveUp);
  if (outcome !== "timeout") return outcome;
  phase = { kind: "over" };
  transport.terminate();
  return retryable(noWelcome());
}

function closedEarly(code: number, reason: string): Failure {
  return {
    code: "SERVICE_UNAVAILABLE",
    message: `the service closed the connection before a welcome (${code} ${reason})`,
    hint: "It is tried again.",
  };
}

function noWelcome(): Failure {
  return {
    code: "SERVICE_UNAVAILABLE",
    message: `the service sent no welcome within ${HANDSHAKE_TIMEOUT / 1_000} s`,
    hint: "It is tried again; the service may be overloaded.",
  };
}
