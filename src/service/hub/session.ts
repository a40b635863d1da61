/**
 * One connection of one endpoint, from the upgrade to the close; the peer of the agent's
 * `forwarder/connection.ts`. What is said when is in `contract/protocol/PROTOCOL.md`. Whatever the
 * peer sends ends at most this session.
 */
import { type EndpointId, newId, type TaskId } from "../../contract/ids.ts";
import { DEFAULT_RESULT_CREDITS, HANDSHAKE_TIMEOUT } from "../../contract/limits.ts";
import type { Decoded } from "../../contract/protocol/codec.ts";
import { checkHello, reject } from "../../contract/protocol/handshake.ts";
import type {
  EndpointMessage,
  Hello,
  Output,
  Reject,
  ServiceMessage,
  Welcome,
} from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { VERSION } from "../../lib/version.ts";
import type { Store, StoredEndpoint } from "../store/store.ts";
import type { Heartbeats } from "./heartbeats.ts";
import { CLOSE_CODES, type Link, type OpenLink } from "./link.ts";
import { Serving } from "./serving.ts";

const log = logger("service", "hub");

/** What a session asks and tells the hub. */
export interface SessionEvents {
  /** May this endpoint serve? From here on it counts as connected. */
  admit(session: Session, hello: Hello): Reject | undefined;
  /** Resolves when the endpoint's earlier session has put its unsent tasks away. */
  predecessorEnded(endpointId: EndpointId): Promise<void>;
  /** Whether this agent, since it was started, has said which tasks it has. */
  isKnown(endpointId: EndpointId, hello: Hello): boolean;
  /** It has. */
  known(endpointId: EndpointId, hello: Hello): void;
  /** It takes tasks. */
  serving(session: Session): void;
  progressed(endpointId: EndpointId, taskIds: readonly TaskId[]): void;
  output(endpointId: EndpointId, chunks: Output["chunks"]): void;
  /** It has said how busy it is. */
  status(endpointId: EndpointId): void;
  /** Called once; `rest` is undefined when the session had not begun to serve. */
  ended(session: Session, rest: SessionRest | undefined): void;
}

/** What a session leaves behind. */
export interface SessionRest {
  /** Positions of tasks that are marked as perhaps sent and never were. */
  readonly unsent: Promise<readonly number[]>;
  /** When the endpoint was heard last, milliseconds since 1970. */
  readonly heardAt: number;
}

export interface SessionOptions {
  readonly link: OpenLink;
  readonly endpointId: EndpointId;
  readonly store: Store;
  readonly events: SessionEvents;
  readonly heartbeats: Heartbeats;
  /** Milliseconds that the endpoint has for its hello. */
  readonly handshakeTimeout?: number;
  /** Milliseconds that the agent has for a look into its log; the default is that of the contract. */
  readonly logTimeout?: number;
  readonly now: () => number;
}

type State =
  | { readonly kind: "greeting"; readonly timer: ReturnType<typeof setTimeout> }
  /** Admitted; its welcome is being made. */
  | { readonly kind: "welcoming"; readonly hello: Hello }
  | { readonly kind: "serving"; readonly serving: Serving }
  | { readonly kind: "ended" };

export class Session {
  readonly endpointId: EndpointId;
  readonly #options: SessionOptions;
  readonly #link: Link;
  #state: State;

  constructor(options: SessionOptions) {
    this.endpointId = options.endpointId;
    this.#options = options;
    const timer = setTimeout(
      // More often than not it is a busy machine: an endpoint that dials again at once is served.
      () => this.#refuse(reject("TIMED_OUT", "no hello came in time", { retryable: true })),
      options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
    );
    this.#state = { kind: "greeting", timer };
    this.#link = options.link({
      received: (message) => this.#received(message),
      text: () => this.#violation("a text message"),
      overflowed: (bytes) => this.#overflowed(bytes),
      closed: () => this.#end(),
    });
  }

  /** Undefined before it was admitted and after it ended. */
  get hello(): Hello | undefined {
    if (this.#state.kind === "welcoming") return this.#state.hello;
    return this.serving?.hello;
  }

  /** Undefined but between the welcome and the end. */
  get serving(): Serving | undefined {
    return this.#state.kind === "serving" ? this.#state.serving : undefined;
  }

  /** Dropped when the session is not open: whatever has to arrive is said again in the next one. */
  send(message: ServiceMessage): void {
    this.#link.send(message);
  }

  /** A deliberate end, with a word to the endpoint. */
  goodbye(reason: string): void {
    this.send({ type: "goodbye", reason });
    this.#close(CLOSE_CODES.done, reason);
  }

  #received(frame: Decoded<EndpointMessage>): void {
    switch (this.#state.kind) {
      case "ended":
        return;
      case "greeting": {
        const checked = checkHello(frame, this.endpointId);
        return checked.kind === "ok" ? this.#greeted(checked.value) : this.#refuse(checked.failure);
      }
      case "welcoming":
        return this.#violation("a message before the welcome");
      case "serving":
        this.#state.serving.heard();
        return frame.kind === "violation"
          ? this.#violation(frame.reason)
          : this.#state.serving.received(frame.message);
    }
  }

  #greeted(hello: Hello): void {
    if (this.#state.kind !== "greeting") return;
    const refusal = this.#options.events.admit(this, hello);
    if (refusal !== undefined) return this.#refuse(refusal);
    clearTimeout(this.#state.timer);
    this.#state = { kind: "welcoming", hello };
    this.#begin(hello).catch((thrown) => {
      log.error("endpoint {endpoint} cannot be served: {reason}", {
        endpoint: this.endpointId,
        reason: messageOf(thrown),
      });
      this.goodbye(`the service cannot serve the endpoint now: ${messageOf(thrown)}`);
    });
  }

  async #begin(hello: Hello): Promise<void> {
    const { store, events, now } = this.#options;
    const endpoint = await store.endpoints.get(this.endpointId);
    if (this.#state.kind !== "welcoming") return;
    if (endpoint === undefined) return this.#refuse(deleted(this.endpointId));
    const serving = this.#welcome(hello, endpoint);
    await events.predecessorEnded(this.endpointId);
    const { requeued, failed } = await store.queue.connected({
      endpointId: this.endpointId,
      spoolId: hello.spool_id,
      hostname: hello.hostname,
      softwareVersion: hello.software_version,
      runtimes: hello.runtimes,
      at: now(),
    });
    const properties = { endpoint: this.endpointId, host: hello.hostname, requeued, failed };
    if (requeued + failed === 0) log.info("endpoint {endpoint} connected from {host}", properties);
    else log.warning("endpoint {endpoint} connected from {host} without its spool", properties);
    if (this.serving !== serving) return;
    events.serving(this);
    await serving.start();
    if (!events.isKnown(this.endpointId, hello)) await this.#takeInventory(serving, hello);
  }

  async #takeInventory(serving: Serving, hello: Hello): Promise<void> {
    await serving.takeInventory();
    if (this.serving === serving) this.#options.events.known(this.endpointId, hello);
  }

  #welcome(hello: Hello, endpoint: StoredEndpoint): Serving {
    const { store, heartbeats, events, now } = this.#options;
    const { endpointId } = this;
    const serving = new Serving({
      endpointId,
      hello,
      store,
      heartbeats,
      now,
      logTimeout: this.#options.logTimeout,
      send: (message) => this.send(message),
      sendFrame: (frame) => this.#link.sendFrame(frame),
      events: {
        progressed: (taskIds) => events.progressed(endpointId, taskIds),
        output: (chunks) => events.output(endpointId, chunks),
        status: () => events.status(endpointId),
        violation: (reason) => this.#violation(reason),
        giveUp: (reason) => this.goodbye(reason),
        left: (reason) => this.#left(reason),
        silent: (milliseconds) => this.#silent(milliseconds),
      },
    });
    this.#state = { kind: "serving", serving };
    this.send(welcome(hello, endpoint, store.serviceId, heartbeats.options.interval, now()));
    return serving;
  }

  // -- the end --------------------------------------------------------------------------------------

  /** The peer's fault: logged, told, closed. */
  #violation(reason: string): void {
    if (this.#state.kind === "ended") return;
    if (this.#state.kind === "greeting") return this.#refuse(reject("PROTOCOL_VIOLATION", reason));
    log.warning("endpoint {endpoint} broke the protocol: {reason}", {
      endpoint: this.endpointId,
      reason,
    });
    this.send({ type: "goodbye", reason: `protocol violation: ${reason}`, violation: true });
    this.#close(CLOSE_CODES.violation, "protocol violation");
  }

  #refuse(answer: Reject): void {
    log.warning("endpoint {endpoint} was refused: {reason}", {
      endpoint: this.endpointId,
      code: answer.code,
      reason: answer.message,
    });
    this.send(answer);
    const code = answer.code === "PROTOCOL_VIOLATION" ? CLOSE_CODES.violation : CLOSE_CODES.done;
    this.#close(code, answer.code);
  }

  #left(reason: string): void {
    log.info("endpoint {endpoint} left: {reason}", { endpoint: this.endpointId, reason });
    this.#close(CLOSE_CODES.done, "goodbye");
  }

  #silent(milliseconds: number): void {
    log.warning("endpoint {endpoint} was silent for {milliseconds} ms and counts as gone", {
      endpoint: this.endpointId,
      milliseconds: Math.round(milliseconds),
    });
    this.#close(CLOSE_CODES.silent, "silent for too long");
  }

  /** Its tasks wait, and are sent again when it comes back. */
  #overflowed(bytes: number): void {
    log.warning(
      "endpoint {endpoint} does not read: {bytes} bytes wait for it; its link is closed",
      {
        endpoint: this.endpointId,
        bytes,
      },
    );
    this.#close(CLOSE_CODES.silent, "nothing is read");
  }

  #close(code: number, reason: string): void {
    this.#link.close(code, reason);
    this.#end();
  }

  #end(): void {
    const state = this.#state;
    if (state.kind === "ended") return;
    this.#state = { kind: "ended" };
    if (state.kind === "greeting") clearTimeout(state.timer);
    this.#options.events.ended(
      this,
      state.kind === "serving"
        ? { unsent: state.serving.stop(), heardAt: state.serving.heardAt }
        : undefined,
    );
  }
}

function welcome(
  hello: Hello,
  endpoint: StoredEndpoint,
  serviceId: string,
  heartbeatInterval: number,
  now: number,
): Welcome {
  return {
    type: "welcome",
    protocol_version: hello.protocol_version,
    service_id: serviceId,
    session_id: newId(),
    software_version: VERSION,
    result_credits: DEFAULT_RESULT_CREDITS,
    heartbeat_interval: heartbeatInterval,
    now,
    ...(endpoint.allowedFunctions === null
      ? {}
      : { allowed_functions: [...endpoint.allowedFunctions] }),
  };
}

function deleted(endpointId: EndpointId): Reject {
  return reject("ENDPOINT_NOT_FOUND", `endpoint ${endpointId} was deleted`, {
    hint: "Start the endpoint again, it registers anew.",
  });
}
