/**
 * An agent of Globus Compute as the hub sees it: an endpoint with a session, in which this speaks for
 * it. It is there while its heartbeats come.
 */
import { readAgentMessage } from "../../contract/globus_agent.ts";
import { type EndpointId, newId } from "../../contract/ids.ts";
import { DEFAULT_TASK_CREDITS, MAX_NAME_LENGTH } from "../../contract/limits.ts";
import type {
  EndpointMessage,
  EndpointStatus,
  ServiceMessage,
} from "../../contract/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { logger } from "../../lib/log.ts";
import type { BrokerMessage } from "../amqp/broker.ts";
import { derivedId } from "../auth/identity.ts";
import type { Hub } from "../hub/hub.ts";
import type { JsonObject, StoredEndpoint } from "../store/store.ts";
import { silenceTimeout } from "./heartbeats.ts";

const log = logger("service", "globus");

/** Characters of what an agent complains of in the log. */
const MAX_COMPLAINT = 2_000;

export interface PresenceEvents {
  /** What the hub says to it. */
  told(message: ServiceMessage): void;
  /** It is there again, or for the first time. */
  returned(): void;
  status(): EndpointStatus;
}

/** The session that the hub has with it. */
interface Speaker {
  say(message: EndpointMessage): void;
}

export class Presence {
  readonly #endpointId: EndpointId;
  readonly #hub: Hub;
  readonly #now: () => number;
  readonly #events: PresenceEvents;
  readonly #instanceId = newId();
  #endpoint: StoredEndpoint;
  #speaker: Speaker | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(endpoint: StoredEndpoint, hub: Hub, now: () => number, events: PresenceEvents) {
    this.#endpointId = endpoint.endpointId;
    this.#endpoint = endpoint;
    this.#hub = hub;
    this.#now = now;
    this.#events = events;
  }

  get isThere(): boolean {
    return this.#speaker !== undefined;
  }

  /** After it has registered again. */
  describe(endpoint: StoredEndpoint): void {
    this.#endpoint = endpoint;
  }

  /** A message of its queue of heartbeats. */
  heard({ body }: BrokerMessage): void {
    const message = readAgentMessage(body);
    if (message.kind !== "status") return this.#complained("what cannot be read");
    const { heartbeat_period: period, error } = message.state;
    // It could not start, and will be silent; or a process that it forked for a user could not, which
    // says so here as well as to that user, and says nothing of the agent.
    if (error) this.#complained(error);
    else if (period === 0) this.leave("the agent is shutting down");
    else this.#alive(period);
  }

  /** Says it to the hub while it is there. */
  say(message: EndpointMessage): void {
    this.#speaker?.say(message);
  }

  /** How busy it is has changed. */
  beat(): void {
    this.say(this.#heartbeat());
  }

  leave(reason: string): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    const speaker = this.#speaker;
    this.#speaker = undefined;
    speaker?.say({ type: "goodbye", reason: reason.slice(0, 1_000) });
  }

  #complained(words: string): void {
    log.warning("endpoint {endpoint}: the agent says: {words}", {
      endpoint: this.#endpointId,
      words: words.slice(0, MAX_COMPLAINT),
    });
  }

  #alive(period: number): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.leave("the agent is silent"), silenceTimeout(period));
    if (this.isThere) return this.beat();
    this.#connect();
    this.#events.returned();
  }

  #heartbeat(): EndpointMessage {
    return { type: "heartbeat", at: this.#now(), status: this.#events.status() };
  }

  #connect(): void {
    const { metadata } = this.#endpoint;
    this.#hub.connect(this.#endpointId, (events) => {
      const speaker: Speaker = {
        // Never while the session speaks itself.
        say: (message) => queueMicrotask(() => events.received({ kind: "message", message })),
      };
      this.#speaker = speaker;
      return {
        send: (message) => this.#events.told(message),
        // The session wants to know whether the agent is there: it is, or it would have left.
        sendFrame: () => this.#speaker === speaker && speaker.say(this.#heartbeat()),
        close: () => {
          if (this.#speaker === speaker) this.#speaker = undefined;
        },
      };
    });
    this.say({
      type: "hello",
      protocol_version: PROTOCOL_VERSION,
      endpoint_id: this.#endpointId,
      // Which of its tasks are lost is told one by one.
      spool_id: derivedId("spool", this.#endpointId),
      instance_id: this.#instanceId,
      software_version: `globus-compute ${textOf(metadata, "endpoint_version")}`,
      hostname: textOf(metadata, "hostname"),
      runtimes: ["python"],
      task_credits: DEFAULT_TASK_CREDITS,
      status: this.#events.status(),
    });
  }
}

function textOf(metadata: JsonObject | null, key: string): string {
  const value = metadata?.[key];
  return typeof value === "string" && value !== "" ? value.slice(0, MAX_NAME_LENGTH - 20) : "?";
}
